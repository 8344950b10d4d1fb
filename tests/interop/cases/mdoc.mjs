// mdocs in both directions between the foreign packages and the command line.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { embed, encode } from '../lib/cbor.mjs'
import { newDocumentSigner, newIssuerFiles } from '../lib/certificates.mjs'
import { refused } from '../lib/harness.mjs'
import { coseKey, transcriptOf } from '../lib/mdoc.mjs'
import { CARD, file, run } from '../lib/mappe.mjs'
import * as mdl from '../peers/mdl.mjs'
import * as owf from '../peers/mdoc.mjs'
import * as pymdoccbor from '../peers/pymdoccbor.mjs'
import { isUnder, newKeyPair, verify } from '../peers/sdjwt.mjs'
import { BINDING, edited, MDL, MDL_CLAIMS, MDL_NAMESPACE, PID, PID_CLAIMS, presentation, SPOILERS, tamperings } from './mdocs.mjs'

/** The options of `mappe verify` that say what a DeviceResponse is bound to. */
const bound = ({ clientId, nonce, responseUri, origin, jwkThumbprint }) => Object.entries({
  '--audience': clientId,
  '--nonce': nonce,
  '--response-uri': responseUri,
  '--origin': origin,
  '--jwk-thumbprint': jwkThumbprint?.toString('base64url'),
}).flatMap(([name, value]) => (value ? [name, value] : []))

/** Lets the command line judge bytes of a format, here as an answer to OpenID4VP carries them. */
async function judge(context, format, bytes, { anchor, binding, transcript, reader }) {
  const folder = await context.folder()
  const session = [
    ...(binding ? bound(binding) : []),
    ...(transcript ? ['--session-transcript', await file(folder, 'transcript.txt', transcript.toString('hex'))] : []),
    ...(reader ? ['--reader-key', await file(folder, 'reader.jwk', reader)] : []),
  ]
  const { code, stdout, said } = await run('verify', '--format', format, '--trust', await file(folder, 'iaca.pem', anchor),
    ...session, '--json', await file(folder, 'mdoc.txt', bytes.toString('base64url')))
  assert.ok(stdout.startsWith('{'), said)
  return { code, said, line: JSON.parse(stdout) }
}

const refusal = ({ what, lenient: _, ...options }) => ({
  name: `mdoc: we refuse a presentation by @owf/mdoc with ${what}`,
  async run(context) {
    const { response, ...expected } = await presentation(options)
    const { code, line, said } = await judge(context, 'device-response', response, expected)
    assert.deepEqual([code, line.verdict], [1, 'refused'], said)
    assert.ok(line.code, 'a refusal names its reason')
    return line.code
  },
})

const issued = (name, { issue }, docType, namespace, claims) => ({
  name: `mdoc: we verify what ${name} issued`,
  async run(context) {
    const [signer, holder] = [await newDocumentSigner(), await newKeyPair()]
    const issuerSigned = await issue(docType, { [namespace]: claims }, { signer, holder })
    const { code, line, said } = await judge(context, 'mdoc', issuerSigned, { anchor: signer.root })
    assert.deepEqual([code, line.verdict], [0, 'accepted'], said)
    assert.deepEqual(line.claims, { [namespace]: claims })
    const other = await judge(context, 'mdoc', issuerSigned, { anchor: (await newDocumentSigner()).root })
    assert.deepEqual([other.code, other.line.verdict], [1, 'refused'], other.said)
  },
})

/** Both channels of OpenID4VP 1.0, with and without an encryption key. */
const BINDINGS = {
  'a redirect, encrypted': BINDING,
  'a redirect': { ...BINDING, jwkThumbprint: null },
  'the Digital Credentials API': { origin: 'https://verifier.example', nonce: BINDING.nonce },
  'the Digital Credentials API, encrypted': {
    origin: 'https://verifier.example', nonce: BINDING.nonce, jwkThumbprint: BINDING.jwkThumbprint,
  },
}

const presented = (name, { issue, present }) => ({
  name: `mdoc: we verify what ${name} presented on each channel`,
  async run(context) {
    const [signer, holder] = [await newDocumentSigner(), await newKeyPair()]
    const issuerSigned = await issue(MDL, { [MDL_NAMESPACE]: MDL_CLAIMS }, { signer, holder })
    const { family_name, birth_date, driving_privileges } = MDL_CLAIMS
    const shown = { family_name, birth_date, driving_privileges }
    for (const [channel, binding] of Object.entries(BINDINGS)) {
      const transcript = transcriptOf(binding)
      const response = await present(issuerSigned, MDL, { [MDL_NAMESPACE]: Object.keys(shown) }, { holder, transcript })
      const { code, line, said } = await judge(context, 'device-response', response, { anchor: signer.root, binding })
      assert.deepEqual([code, line.verdict], [0, 'accepted'], `${channel}\n${said}`)
      assert.deepEqual(line.claims, { [MDL_NAMESPACE]: shown })
    }
  },
})

/** How a meeting in person is bound, in the least detail: engagement, ephemeral key of the reader, QR code. */
const inPerson = (reader) => encode([embed(new Map([[0, '1.0']])), embed(coseKey(reader)), null])

/** A PID that the command line issued from the card of the examples, in both formats. */
async function ourPid(context) {
  const folder = await context.folder()
  const [office, signer, holder] = [await newIssuerFiles(), await newDocumentSigner(), await newKeyPair()]
  const out = join(folder, 'pid.txt')
  const { code, said } = await run('issue', 'pid', CARD, '--out', out,
    '--key', await file(folder, 'office.key', office.key), '--cert', await file(folder, 'office.pem', office.certificate),
    '--document-key', await file(folder, 'signer.key', signer.key),
    '--document-cert', await file(folder, 'signer.pem', signer.certificate),
    '--holder', await file(folder, 'holder.jwk', holder.publicJwk))
  assert.equal(code, 0, said)
  const [sdJwt, mdoc] = (await readFile(out, 'utf8')).trim().split('\n')
  const record = JSON.parse(await readFile(CARD, 'utf8'))
  return { sdJwt, issuerSigned: Buffer.from(mdoc, 'base64url'), record, office, signer, holder }
}

export const cases = [
  {
    name: 'mdoc: @sd-jwt and @owf/mdoc verify both halves of a PID that we issued',
    async run(context) {
      const { sdJwt, issuerSigned, record, office, signer, holder } = await ourPid(context)
      assert.ok(isUnder(sdJwt, office.root))
      const claims = await verify(sdJwt)
      assert.equal(claims.family_name, record.FamilyNames)
      const { docType, claims: elements, deviceKey } = await owf.verifyIssuerSigned(issuerSigned, { anchor: signer.root })
      assert.equal(docType, PID)
      // The same values under the names and in the forms of the other format.
      const { family_name, given_name, birth_date, nationality, place_of_birth } = elements[PID]
      assert.deepEqual([family_name, given_name, birth_date, nationality, place_of_birth],
        [claims.family_name, claims.given_name, claims.birthdate, claims.nationalities, claims.place_of_birth])
      assert.equal(deviceKey.x, holder.publicJwk.x)
    },
  },
  {
    name: 'mdoc: every package presents and verifies a PID that we issued',
    async run(context) {
      const { issuerSigned, record, signer, holder } = await ourPid(context)
      const transcript = transcriptOf(BINDING)
      const expected = { family_name: record.FamilyNames, birth_date: record.DateOfBirth, nationality: ['DE'] }
      for (const { present } of [owf, mdl]) {
        const response = await present(issuerSigned, PID, { [PID]: Object.keys(expected) }, { holder, transcript })
        for (const { verifyResponse } of [owf, mdl, pymdoccbor]) {
          const [{ claims }] = await verifyResponse(response, { anchor: signer.root, transcript })
          assert.deepEqual(claims, { [PID]: expected })
          for (const spoil of [SPOILERS['a changed value'], SPOILERS['a changed security object']]) {
            const spoilt = await edited(spoil, { rebound: false })(response)
            await refused(verifyResponse(spoilt, { anchor: signer.root, transcript }), 'a spoilt PID of ours')
          }
        }
        const { code, line, said } = await judge(context, 'device-response', response, { anchor: signer.root, binding: BINDING })
        assert.deepEqual([code, line.verdict, line.claims], [0, 'accepted', { [PID]: expected }], said)
      }
    },
  },
  issued('@owf/mdoc', owf, PID, PID, PID_CLAIMS),
  issued('@auth0/mdl', mdl, MDL, MDL_NAMESPACE, MDL_CLAIMS),
  issued('pymdoccbor', pymdoccbor, PID, PID, PID_CLAIMS),
  presented('@owf/mdoc', owf),
  presented('@auth0/mdl', mdl),
  {
    name: 'mdoc: we verify a device MAC by @auth0/mdl, with the key of the reader it was made for and with no other',
    async run(context) {
      const [signer, holder] = [await newDocumentSigner(), await newKeyPair()]
      const [reader, other] = [await newKeyPair(), await newKeyPair()]
      const transcript = inPerson(reader.publicJwk)
      const issuerSigned = await mdl.issue(MDL, { [MDL_NAMESPACE]: MDL_CLAIMS }, { signer, holder })
      const shown = { [MDL_NAMESPACE]: ['family_name'] }
      const response = await mdl.present(issuerSigned, MDL, shown, { holder, transcript, reader: reader.publicJwk })
      const verdict = async (key) => {
        const { code, line } = await judge(context, 'device-response', response, { anchor: signer.root, transcript, reader: key })
        return [code, line.verdict]
      }
      assert.deepEqual(await verdict(reader.privateJwk), [0, 'accepted'])
      assert.deepEqual(await verdict(other.privateJwk), [1, 'refused'])
      // Without a key there is nothing to say about it, neither way.
      assert.deepEqual(await verdict(undefined), [2, 'undetermined'])
    },
  },
  ...tamperings.map(refusal),
]

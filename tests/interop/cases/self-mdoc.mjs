// The foreign mdoc packages against each other and against published documents.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { decode } from '../lib/cbor.mjs'
import { newDocumentSigner } from '../lib/certificates.mjs'
import { refused } from '../lib/harness.mjs'
import { rebind, responseOf, transcriptOf } from '../lib/mdoc.mjs'
import { openSession } from '../lib/session.mjs'
import * as mdl from '../peers/mdl.mjs'
import * as owf from '../peers/mdoc.mjs'
import * as pymdoccbor from '../peers/pymdoccbor.mjs'
import { newKeyPair } from '../peers/sdjwt.mjs'
import { BINDING, DISCLOSED, MDL, MDL_CLAIMS, MDL_NAMESPACE, PID, PID_CLAIMS, presentation, tamperings } from './mdocs.mjs'
import { annexD } from './records.mjs'

const PEERS = { owf, mdl }

/** Every pair of packages, or every triple, by name. */
const combinations = (count) => (count === 0 ? [[]]
  : Object.keys(PEERS).flatMap((name) => combinations(count - 1).map((rest) => [name, ...rest])))

export const cases = [
  {
    name: 'self: @owf/mdoc and @auth0/mdl issue, present and verify for each other',
    async run() {
      const [signer, holder] = [await newDocumentSigner(), await newKeyPair()]
      const transcript = transcriptOf(BINDING)
      const shown = { [MDL_NAMESPACE]: ['family_name', 'birth_date', 'age_over_18'] }
      for (const [issuer, presenter, verifier] of combinations(3)) {
        const issuerSigned = await PEERS[issuer].issue(MDL, { [MDL_NAMESPACE]: MDL_CLAIMS }, { signer, holder })
        const response = await PEERS[presenter].present(issuerSigned, MDL, shown, { holder, transcript })
        const [{ docType, claims }] = await PEERS[verifier].verifyResponse(response, { anchor: signer.root, transcript })
        const { family_name, birth_date, age_over_18 } = MDL_CLAIMS
        assert.deepEqual([docType, claims], [MDL, { [MDL_NAMESPACE]: { family_name, birth_date, age_over_18 } }])
      }
    },
  },
  {
    name: 'self: @owf/mdoc makes the session transcripts that the tests make by their own hand',
    async run() {
      const origin = { origin: 'https://verifier.example', nonce: BINDING.nonce }
      const bindings = [BINDING, { ...BINDING, jwkThumbprint: null }, origin, { ...origin, jwkThumbprint: BINDING.jwkThumbprint }]
      for (const binding of bindings) assert.deepEqual(transcriptOf(binding), await owf.transcriptOf(binding))
    },
  },
  {
    name: 'self: the mdoc packages accept the presentation that the tests spoil, and refuse it spoilt',
    async run() {
      // Bound anew by our own hand it must still hold, or a refusal would prove nothing.
      for (const options of [{}, { change: rebind }]) {
        const { response, anchor, binding } = await presentation(options)
        for (const { verifyResponse } of Object.values(PEERS)) {
          const [{ claims }] = await verifyResponse(response, { anchor, transcript: transcriptOf(binding) })
          assert.deepEqual(claims, { [PID]: DISCLOSED })
        }
      }
      for (const { what, lenient = [], ...options } of tamperings) {
        const { response, anchor, binding } = await presentation(options)
        for (const [name, { verifyResponse }] of Object.entries(PEERS)) {
          const verdict = verifyResponse(response, { anchor, transcript: transcriptOf(binding) })
          // A package that has learned to refuse is to lose its mark.
          if (lenient.includes(name)) await verdict
          else await refused(verdict, `${name}: ${what}`)
        }
      }
      return `${tamperings.length} ways`
    },
  },
  {
    name: 'self: pymdoccbor issues for the others and reads what they issued',
    async run() {
      const [signer, holder] = [await newDocumentSigner(), await newKeyPair()]
      const transcript = transcriptOf(BINDING)
      const issuerSigned = await pymdoccbor.issue(PID, { [PID]: PID_CLAIMS }, { signer, holder })
      const response = rebind(responseOf(issuerSigned, PID), { holder, transcript })
      for (const { verifyResponse } of [owf, mdl, pymdoccbor]) {
        const [{ claims }] = await verifyResponse(response, { anchor: signer.root, transcript })
        assert.deepEqual(claims, { [PID]: PID_CLAIMS })
      }
      const theirs = await presentation()
      assert.deepEqual(await pymdoccbor.verifyResponse(theirs.response, theirs), [{ claims: { [PID]: DISCLOSED } }])
      const judged = tamperings.filter(({ what }) => /changed|under another root/.test(what))
      for (const { what, ...options } of judged) {
        const spoilt = await presentation(options)
        await assert.rejects(pymdoccbor.verifyResponse(spoilt.response, spoilt), /finds it invalid/, what)
      }
    },
  },
  {
    name: 'self: @auth0/mdl makes and judges a device MAC, @owf/mdoc still judges none',
    async run() {
      const [signer, holder, reader] = [await newDocumentSigner(), await newKeyPair(), await newKeyPair()]
      const transcript = transcriptOf(BINDING)
      const issuerSigned = await mdl.issue(MDL, { [MDL_NAMESPACE]: { family_name: 'Muster' } }, { signer, holder })
      const theirs = await mdl.present(issuerSigned, MDL, { [MDL_NAMESPACE]: ['family_name'] },
        { holder, transcript, reader: reader.publicJwk })
      const ours = rebind(responseOf(issuerSigned, MDL), { holder, transcript, reader: reader.publicJwk })
      const macOf = (response) =>
        decode(response).get('documents')[0].get('deviceSigned').get('deviceAuth').get('deviceMac')[3]
      assert.deepEqual(macOf(ours), macOf(theirs))
      const expected = { anchor: signer.root, transcript, reader: reader.privateJwk }
      for (const response of [ours, theirs]) {
        await mdl.verifyResponse(response, expected)
        await refused(mdl.verifyResponse(response, { ...expected, reader: (await newKeyPair()).privateJwk }), 'another reader')
        await refused(owf.verifyResponse(response, expected), 'a MAC by @owf/mdoc')
      }
    },
  },
  {
    name: 'self: @auth0/mdl reads the document of ISO 18013-5 Annex D and finds its device MAC right',
    async run() {
      const { response, transcript, certificate, reader: readerJwk } = await annexD()
      const anchor = new X509Certificate(certificate).toString()
      // It knows no other time than now, when the document is long expired; nothing else may be wrong with it.
      const judged = (reader) => mdl.verifyResponse(response, { anchor, transcript, reader })
      const { message } = await judged(readerJwk).catch((error) => error)
      assert.match(message, /valid at the time/)
      assert.doesNotMatch(message, /DEVICE_AUTH|DATA_INTEGRITY|signature/)
      await assert.rejects(judged((await newKeyPair()).privateJwk), /DEVICE_AUTH/)
    },
  },
  {
    name: 'self: the session of ISO 18013-5 Annex D opens from both ends, and @owf/mdoc finds its reader authentication right',
    async run() {
      const { request, response, transcript, reader, device, establishment, data } = await annexD()
      const atReader = openSession({ role: 'reader', own: reader, theirs: device, transcript })
      const atDevice = openSession({ role: 'device', own: device, theirs: reader, transcript })
      assert.deepEqual(atReader.encrypt(request), decode(establishment).get('data'))
      assert.deepEqual(atDevice.decrypt(decode(establishment).get('data')), request)
      assert.deepEqual(atReader.decrypt(decode(data).get('data')), response)
      await owf.verifyRequest(request, { transcript })
      await refused(owf.verifyRequest(request, { transcript: transcriptOf(BINDING) }), 'a request of another session')
    },
  },
]

// Meetings in person: a foreign reader and our wallet, a foreign phone and our reader.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { newDocumentSigner } from '../lib/certificates.mjs'
import { decode, encode } from '../lib/cbor.mjs'
import { CARD, file, newWallet, run, startAuthority } from '../lib/mappe.mjs'
import { approach, wait } from '../lib/meeting.mjs'
import * as mdl from '../peers/mdl.mjs'
import * as owf from '../peers/mdoc.mjs'
import { newKeyPair } from '../peers/sdjwt.mjs'
import { edited, PID, PID_CLAIMS, SPOILERS } from './mdocs.mjs'

/** EKU of a reader (ISO 18013-5 §B.1.7). */
const READER = '1.0.18013.5.1.6'
const newReader = () => newDocumentSigner({ usage: READER })

const ASKED = ['family_name', 'birth_date']

/** Our wallet with a PID of our authority; it trusts the readers under the PEM certificate `readers`. */
async function holding(context, readers) {
  const authority = await startAuthority(context)
  const wallet = await newWallet(context, { issuers: [authority.root, authority.iaca], relyingParties: [readers] })
  const { offer, txCode } = await authority.offer('pid')
  await wallet.receive(offer, txCode)
  return { wallet, anchor: authority.iaca }
}

/** A foreign reader asks our wallet; gives what it got and how the wallet ended. */
async function askOurs(context, { reader, trusted = reader.root, elements = ASKED, signed }) {
  const { wallet, anchor } = await holding(context, trusted)
  const offered = context.use(await wallet.offerInPerson())
  const meeting = context.use(await approach(offered.engagement, await newKeyPair()))
  const request = await owf.request(PID, { [PID]: elements }, { reader, transcript: signed ?? meeting.transcript })
  const { response, status } = await meeting.ask(request)
  if (status === undefined) meeting.end()
  return { response, status, anchor, transcript: meeting.transcript, ended: await offered.ended() }
}

/** What a response without a document looks like, whatever the reason is. */
const isEmpty = (response) => response === undefined || decode(response).get('documents') === undefined

/** A foreign phone with a PID answers our reader, by signature or by MAC, and `spoil`s its answer. */
async function answerOurs(context, { present, mac = false, spoil = () => {}, stranger = false }) {
  const [signer, holder, reader] = [await newDocumentSigner(), await newKeyPair(), await newReader()]
  const phone = context.use(await wait(await newKeyPair()))
  const folder = await context.folder()
  const question = { docType: PID, nameSpaces: { [PID]: Object.fromEntries(ASKED.map((id) => [id, false])) } }
  const root = stranger ? (await newDocumentSigner()).root : signer.root
  const reading = run('reader', '--request', await file(folder, 'request.json', question), '--engagement', phone.text,
    '--key', await file(folder, 'reader.key', reader.key), '--cert', await file(folder, 'reader.pem', reader.certificate),
    '--trust', await file(folder, 'iaca.pem', root), '--offline', '--json')
  const early = reading.then(({ said }) => { throw new Error(said) })
  const asked = await Promise.race([phone.asked(), early])
  await owf.verifyRequest(asked.request, asked)
  const issuerSigned = await owf.issue(PID, { [PID]: PID_CLAIMS }, { signer, holder })
  const session = { holder, transcript: asked.transcript, ...(mac && { reader: asked.reader }) }
  const response = await present(issuerSigned, PID, { [PID]: ASKED }, session)
  asked.answer(await edited(spoil, { rebound: false })(response))
  assert.equal(await asked.status(), 20)
  early.catch(() => {})
  const { code, stdout, said } = await reading
  return { code, said, reading: JSON.parse(stdout) }
}

const read = (name, options) => ({
  name: `meeting: our reader accepts the PID of a phone by ${name}`,
  async run(context) {
    const { code, said, reading } = await answerOurs(context, options)
    assert.deepEqual([code, reading.verdict], [0, 'accepted'], said)
    const { family_name, birth_date } = PID_CLAIMS
    assert.deepEqual(reading.documents[0].claims, { [PID]: { family_name, birth_date } })
  },
})

const refused = (what, options) => ({
  name: `meeting: our reader refuses ${what}`,
  async run(context) {
    const { code, said, reading } = await answerOurs(context, { present: owf.present, ...options })
    assert.deepEqual([code, reading.verdict], [1, 'refused'], said)
    return reading.code
  },
})

export const cases = [
  {
    name: 'meeting: a reader by @owf/mdoc gets what it asks of our wallet, and both packages find it right',
    async run(context) {
      const { response, anchor, transcript, ended } = await askOurs(context, { reader: await newReader() })
      const { FamilyNames, DateOfBirth } = JSON.parse(await readFile(CARD, 'utf8'))
      for (const { verifyResponse } of [owf, mdl]) {
        const [{ claims }] = await verifyResponse(response, { anchor, transcript })
        assert.deepEqual(claims, { [PID]: { family_name: FamilyNames, birth_date: DateOfBirth } })
      }
      assert.equal(ended.outcome, 'shared')
    },
  },
  {
    name: 'meeting: our wallet shows nothing to a reader that it does not trust',
    async run(context) {
      const { response } = await askOurs(context, { reader: await newReader(), trusted: (await newReader()).root })
      assert.ok(isEmpty(response))
    },
  },
  {
    name: 'meeting: our wallet shows nothing to a reader whose certificate is for signing documents',
    async run(context) {
      const { response } = await askOurs(context, { reader: await newDocumentSigner() })
      assert.ok(isEmpty(response))
    },
  },
  {
    name: 'meeting: our wallet shows nothing to a request that was signed for another session',
    async run(context) {
      const { response } = await askOurs(context, { reader: await newReader(), signed: encode([null, null, null]) })
      assert.ok(isEmpty(response))
    },
  },
  read('@owf/mdoc, signed', { present: owf.present }),
  read('@auth0/mdl, signed', { present: mdl.present }),
  read('@auth0/mdl, with a MAC', { present: mdl.present, mac: true }),
  refused('a PID of an issuer that it does not trust', { stranger: true }),
  ...Object.entries(SPOILERS).map(([what, spoil]) => refused(`a PID with ${what}`, { spoil })),
]

// An mdoc presentation made by a foreign holder, and every way in which a test spoils it.
import { newDocumentSigner } from '../lib/certificates.mjs'
import { decode, embed, encode, open } from '../lib/cbor.mjs'
import { rebind, thumbprint, transcriptOf } from '../lib/mdoc.mjs'
import { issue, present } from '../peers/mdoc.mjs'
import { newKeyPair } from '../peers/sdjwt.mjs'

/** Document type and namespace of the PID (PID rulebook §3.1). */
export const PID = 'eu.europa.ec.eudi.pid.1'

/** Document type and namespace of the mobile driving licence (ISO 18013-5 §7). */
export const MDL = 'org.iso.18013.5.1.mDL'
export const MDL_NAMESPACE = 'org.iso.18013.5.1'

/** Foreign values of a PID: a day, a list, a map, a truth value, and letters that are not ASCII. */
export const PID_CLAIMS = {
  family_name: 'Muster-Čermák',
  given_name: 'Ada',
  birth_date: '2004-02-29',
  place_of_birth: { locality: 'Köln', country: 'DE' },
  nationality: ['DE', 'FR'],
  age_over_18: true,
  issuing_authority: 'Test Authority',
  issuing_country: 'DE',
  expiry_date: '2030-01-31',
}

export const MDL_CLAIMS = {
  family_name: 'Muster-Čermák',
  birth_date: '2004-02-29',
  age_over_18: true,
  issuing_country: 'DE',
  driving_privileges: [{ vehicle_category_code: 'B', issue_date: '2022-03-01' }],
}

/** What a holder shows, and what a verifier has to read from it. */
export const SHOWN = ['family_name', 'birth_date', 'nationality', 'age_over_18']
export const DISCLOSED = Object.fromEntries(SHOWN.map((name) => [name, PID_CLAIMS[name]]))

/** What the reader of the presentations expects to be bound to. */
export const BINDING = {
  clientId: 'x509_hash:of-this-verifier',
  nonce: 'nonce-of-this-request',
  responseUri: 'https://verifier.example/response',
  jwkThumbprint: thumbprint({ kty: 'EC', crv: 'P-256', x: 'x-of-this-verifier', y: 'y-of-this-verifier' }),
}

/**
 * Makes a DeviceResponse, spoilt by `change`; `binding` and `anchor` are what its reader then expects. `signer` and
 * `validity` go to the document signer's certificate and to the issuing.
 */
export async function presentation({ change = (untouched) => untouched, binding = BINDING, anchor, signer, validity } = {}) {
  const made = { signer: await newDocumentSigner(signer), holder: await newKeyPair() }
  made.issuerSigned = await issue(PID, { [PID]: PID_CLAIMS }, { ...made, ...validity })
  const transcript = transcriptOf(BINDING)
  const response = await present(made.issuerSigned, PID, { [PID]: SHOWN }, { ...made, transcript })
  const spoilt = await change(response, { ...made, transcript })
  return { response: spoilt, binding, anchor: anchor ? await anchor() : made.signer.root }
}

/** Lets `edit` change the only document; the device signature stays as it was, or is made anew. */
export const edited = (edit, { rebound = true } = {}) => async (response, made) => {
  const content = decode(response)
  await edit(content.get('documents')[0], made, content)
  const spoilt = encode(content)
  return rebound ? rebind(spoilt, made) : spoilt
}

const itemsOf = (document) => document.get('issuerSigned').get('nameSpaces').get(PID)

/** Flips a bit in one of the four parts of the issuer's COSE_Sign1. */
const issuerPart = (index, at) => (document) => {
  const auth = document.get('issuerSigned').get('issuerAuth')
  auth[index] = Buffer.from(auth[index])
  auth[index][auth[index].length + at] ^= 1
}

/** Ways to spoil what the issuer signed, which any finder of a response has; every package refuses them. */
export const SPOILERS = {
  'a changed value': (document) => {
    const items = itemsOf(document)
    items[0] = embed(open(items[0]).set('elementValue', 'Beispiel'))
  },
  'a value in another namespace': (document) => {
    const namespaces = document.get('issuerSigned').get('nameSpaces')
    namespaces.set(`${PID}.other`, namespaces.get(PID).splice(0, 1))
  },
  'a changed security object': issuerPart(2, -5),
  'a changed signature of the issuer': issuerPart(3, -9),
  'no device signature': (document) => document.delete('deviceSigned'),
}

/** Everything that must be refused; `lenient` names the packages that let it pass. */
export const tamperings = [
  { what: 'another nonce', binding: { ...BINDING, nonce: 'another' } },
  { what: 'another client', binding: { ...BINDING, clientId: 'x509_hash:of-another' } },
  { what: 'another response URI', binding: { ...BINDING, responseUri: 'https://verifier.example/other' } },
  { what: 'another encryption key', binding: { ...BINDING, jwkThumbprint: null } },
  { what: 'the transcript of another channel', binding: { origin: 'https://verifier.example', nonce: BINDING.nonce } },
  { what: 'a signer under another root', anchor: async () => (await newDocumentSigner()).root },
  { what: 'a signer without the usage of document signers', signer: { usage: '1.3.6.1.5.5.7.3.2' }, lenient: ['owf', 'mdl'] },
  { what: 'a signer of another country', signer: { country: 'FR' }, lenient: ['owf', 'mdl'] },
  { what: 'a signer whose certificate is expired', signer: { from: -300, until: -1 } },
  { what: 'an expired document', validity: { from: -0.9, until: -0.5 } },
  { what: 'a document that is not valid yet', validity: { from: 2 } },
  { what: 'a document signed before its certificate', validity: { from: -100 } },
  ...Object.entries(SPOILERS).map(([what, spoil]) => ({ what, change: edited(spoil, { rebound: false }) })),
  {
    what: 'a value of another document',
    change: edited(async (document, { signer, holder }) => {
      const other = decode(await issue(PID, { [PID]: { family_name: 'Beispiel' } }, { signer, holder }))
      itemsOf(document)[0] = other.get('nameSpaces').get(PID)[0]
    }),
  },
  {
    what: 'a value twice',
    change: edited((document) => itemsOf(document).push(itemsOf(document)[0])),
    lenient: ['owf', 'mdl'],
  },
  {
    what: 'another document type around the security object',
    change: edited((document) => document.set('docType', MDL)),
    lenient: ['owf'],
  },
  {
    what: 'the device signature of another holder',
    change: async (response, { transcript }) => rebind(response, { holder: await newKeyPair(), transcript }),
  },
  {
    what: 'a device-signed value that nobody authorised',
    change: edited((document) => document.get('deviceSigned').set('nameSpaces', embed({ [PID]: { age_over_21: true } }))),
    lenient: ['owf', 'mdl'],
  },
  {
    what: 'a status that tells of an error',
    change: edited((_document, _made, content) => content.set('status', 10)),
    lenient: ['owf', 'mdl'],
  },
  {
    what: 'a key twice',
    change: (response) => Buffer.concat([Buffer.from([response[0] + 1]), response.subarray(1), encode('status'), encode(0)]),
    lenient: ['owf', 'mdl'],
  },
  { what: 'a byte after its end', change: (response) => Buffer.concat([response, Buffer.from([0])]) },
]

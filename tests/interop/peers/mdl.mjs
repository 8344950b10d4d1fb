// @auth0/mdl as a second foreign issuer, holder and verifier of mdocs. It knows no other time than now.
import { DeviceResponse, Document, MDoc, parse, Verifier } from '@auth0/mdl'
import { decode, encode, Tag } from '../lib/cbor.mjs'
import { coseKey } from '../lib/mdoc.mjs'

/** Issues an mdoc bound to `holder`, valid for `until` days; gives the IssuerSigned. */
export async function issue(docType, namespaces, { signer, holder, until = 30, digest = 'SHA-256' }) {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const document = new Document(docType)
    .addValidityInfo({ signed: now, validFrom: now, validUntil: new Date(+now + until * 86_400_000) })
    .addDeviceKeyInfo({ deviceKey: holder.publicJwk })
    .useDigestAlgorithm(digest)
  // A copy, for the package writes dates into what it is given.
  for (const [name, values] of Object.entries(structuredClone(namespaces))) document.addIssuerNameSpace(name, values)
  const signed = await document.sign({
    issuerPrivateKey: signer.privateJwk,
    issuerCertificate: signer.certificate,
    alg: 'ES256',
  })
  // The package writes responses only, so the part that an issuer hands out is cut out of one.
  const [only] = decode(new MDoc([signed]).encode()).get('documents')
  return encode(only.get('issuerSigned'))
}

/**
 * Presents the named elements (`{ namespace: [element] }`) with a device signature, or with a MAC where the public JWK
 * of a `reader` is given.
 */
export async function present(issuerSigned, docType, elements, { holder, transcript, reader }) {
  const held = { version: '1.0', documents: [{ docType, issuerSigned: decode(issuerSigned) }], status: 0 }
  const fields = Object.entries(elements)
    .flatMap(([name, ids]) => ids.map((id) => ({ path: [`$['${name}']['${id}']`], intent_to_retain: false })))
  const builder = DeviceResponse.from(new Uint8Array(encode(held)))
    .usingPresentationDefinition({ id: 'q', input_descriptors: [{ id: docType, constraints: { fields } }] })
    .usingSessionTranscriptBytes(encode(new Tag(24, transcript)))
  const authenticated = reader
    ? builder.authenticateWithMAC(holder.privateJwk, encode(coseKey(reader)), 'HS256')
    : builder.authenticateWithSignature(holder.privateJwk, 'ES256')
  return Buffer.from((await authenticated.sign()).encode())
}

const plain = (value) => {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, inner]) => [name, plain(inner)]))
  return Array.isArray(value) ? value.map(plain) : value
}

/** Verifies a DeviceResponse under the PEM certificate `anchor` and gives its documents, or throws. */
export async function verifyResponse(bytes, { anchor, transcript, reader }) {
  const failed = []
  const { documents } = await new Verifier([anchor]).verify(new Uint8Array(bytes), {
    encodedSessionTranscript: encode(new Tag(24, transcript)),
    ...(reader && { ephemeralReaderKey: encode(coseKey(reader)) }),
    onCheck: (check) => { if (check.status === 'FAILED') failed.push(check) },
  })
  const reasons = failed.map(({ category, check, reason }) => `${category}: ${check}: ${reason}`)
  if (reasons.length > 0) throw new Error(reasons.join('\n'))
  const claims = (document, name) => [name, plain(new Map(Object.entries(document.getIssuerNameSpace(name))))]
  return documents.map((document) => ({
    docType: document.docType,
    claims: Object.fromEntries(document.issuerSignedNameSpaces.map((name) => claims(document, name))),
  }))
}

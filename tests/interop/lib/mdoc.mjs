// What the tests compute of an mdoc by their own hand (ISO 18013-5, OpenID4VP 1.0 Annex B.2), over `cbor.mjs` alone.
import { createHash, createHmac, createPrivateKey, sign, verify, X509Certificate } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { decode, embed, encode, open, Tag } from './cbor.mjs'
import { agree, derive } from './session.mjs'

const sha256 = (bytes) => createHash('sha256').update(bytes).digest()

/** The thumbprint of a JWK (RFC 7638), as bytes. */
export const thumbprint = ({ crv, kty, x, y }) => sha256(JSON.stringify({ crv, kty, x, y }))

/** A P-256 JWK as COSE_Key (RFC 9053 §7.1.1). */
export function coseKey(jwk) {
  const parts = [['x', -2], ['y', -3], ['d', -4]].filter(([name]) => jwk[name])
  return new Map([[1, 2], [-1, 1], ...parts.map(([name, label]) => [label, Buffer.from(jwk[name], 'base64url')])])
}

/** A COSE_Key on P-256 as JWK. */
export const jwkOf = (key) => ({
  kty: 'EC', crv: 'P-256', x: key.get(-2).toString('base64url'), y: key.get(-3).toString('base64url'),
})

/**
 * The SessionTranscript of a presentation by OpenID4VP 1.0: through redirects where `binding` has a response URI
 * (§B.2.6.1), through the Digital Credentials API where it has an origin (§B.2.6.2).
 */
export function transcriptOf({ clientId, nonce, responseUri, origin, jwkThumbprint = null }) {
  const [name, info] = origin
    ? ['OpenID4VPDCAPIHandover', [origin, nonce, jwkThumbprint]]
    : ['OpenID4VPHandover', [clientId, nonce, jwkThumbprint, responseUri]]
  return encode([null, null, [name, sha256(encode(info))]])
}

/** The bytes that the device signs or authenticates (§9.1.3.4); the transcript and the namespaces go in as they are. */
const deviceAuthentication = (transcript, docType, nameSpaces) => encode(new Tag(24, Buffer.concat([
  Buffer.from([0x84]), encode('DeviceAuthentication'), transcript, encode(docType), encode(nameSpaces)])))

/** The bytes that the reader signs (§9.1.4.4); the transcript and the ItemsRequest go in as they are. */
export const readerAuthentication = (transcript, itemsRequest) => encode(new Tag(24, Buffer.concat([
  Buffer.from([0x83]), encode('ReaderAuthentication'), transcript, encode(new Tag(24, itemsRequest))])))

/** A detached COSE_Sign1 over the device authentication. */
function deviceSignature(payload, { privateJwk }) {
  const header = encode(new Map([[1, -7]]))
  const input = encode(['Signature1', header, Buffer.alloc(0), payload])
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' })
  return ['deviceSignature', [header, new Map(), null, sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })]]
}

/** A detached COSE_Mac0 with the key that the holder shares with the reader (§9.1.3.5). */
function deviceMac(payload, { privateJwk }, transcript, reader) {
  const key = derive(agree(privateJwk, reader), transcript, 'EMacKey')
  const header = encode(new Map([[1, 5]]))
  const tag = createHmac('sha256', key).update(encode(['MAC0', header, Buffer.alloc(0), payload])).digest()
  return ['deviceMac', [header, new Map(), null, tag]]
}

/**
 * Puts a fresh, right device authentication on every document of a DeviceResponse, whatever the documents hold: by
 * signature, or by MAC where the public JWK of a `reader` is given.
 */
export function rebind(response, { holder, transcript, reader }) {
  const content = decode(response)
  for (const document of content.get('documents')) {
    const deviceSigned = document.get('deviceSigned')
    const payload = deviceAuthentication(transcript, document.get('docType'), deviceSigned.get('nameSpaces'))
    const auth = reader ? deviceMac(payload, holder, transcript, reader) : deviceSignature(payload, holder)
    deviceSigned.set('deviceAuth', new Map([auth]))
  }
  return encode(content)
}

/** Wraps an IssuerSigned into a DeviceResponse that no device has signed yet. */
export const responseOf = (issuerSigned, docType) => encode({
  version: '1.0',
  documents: [{ docType, issuerSigned: decode(issuerSigned), deviceSigned: { nameSpaces: embed(new Map()), deviceAuth: {} } }],
  status: 0,
})

/** Where the status of an mdoc stands (`status_list`), unverified. */
export const statusOf = (issuerSigned) => {
  const payload = decode(decode(issuerSigned).get('issuerAuth')[2])
  return Object.fromEntries(open(payload).get('status').get('status_list'))
}

/** The status at `index` of a list as CWT (Token Status List §5.2), once its signature by its x5chain leaf is verified. */
export function statusAt(token, index) {
  const { tag, value: [header, unprotected, payload, signature] } = decode(token)
  const chain = decode(header).get(33) ?? unprotected.get(33)
  const { publicKey } = new X509Certificate(Array.isArray(chain) ? chain[0] : chain)
  const input = encode(['Signature1', header, Buffer.alloc(0), payload])
  if (tag !== 18 || !verify('sha256', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('unsigned')
  const claims = decode(payload)
  const list = claims.get(65533)
  const bits = list.get('bits')
  const bytes = inflateSync(list.get('lst'))
  const status = (bytes[Math.floor((index * bits) / 8)] >> ((index * bits) % 8)) & (2 ** bits - 1)
  return { uri: claims.get(2), status }
}

// @owf/mdoc as a foreign issuer, holder and verifier of mdocs. The package leaves all cryptography to its caller.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { cborDecode, CoseKey, DateOnly, DeviceKey, DeviceRequest, DeviceResponse, DocRequest, Header, Holder, Issuer,
  IssuerSigned, ItemsRequest, ProtectedHeaders, ReaderAuth, SessionTranscript, SignatureAlgorithm,
  UnprotectedHeaders } from '@owf/mdoc'
import { readerAuthentication } from '../lib/mdoc.mjs'

const IEEE = { dsaEncoding: 'ieee-p1363' }
const HASH = { [-7]: 'sha256', [-8]: null, [-35]: 'sha384', [-36]: 'sha512' }

const certificatesOf = (pem) => pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g).map((text) => new X509Certificate(text))

/** Follows the chain to one of `roots`; every certificate must be in its time at `at`. */
function verifyChain(chain, roots, at) {
  const [certificate, ...rest] = chain
  if (!certificate) throw new Error('the chain leads to no trusted certificate')
  if (at < new Date(certificate.validFrom) || at > new Date(certificate.validTo)) throw new Error('out of its time')
  const signed = (issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  if (roots.some((root) => root.fingerprint256 === certificate.fingerprint256 || signed(root))) return
  if (!rest[0] || !signed(rest[0])) throw new Error('the chain is broken')
  verifyChain(rest, roots, at)
}

const context = {
  crypto: {
    // The package draws digest identifiers of 32 bits, where ISO 18013-5 §9.1.2.4 has 31: they are read all the same.
    random: (length) => new Uint8Array(randomBytes(length)),
    digest: ({ digestAlgorithm, bytes }) =>
      new Uint8Array(createHash(digestAlgorithm.replace('-', '').toLowerCase()).update(bytes).digest()),
  },
  cose: {
    sign1: {
      sign: ({ key, toBeSigned, algorithm }) => {
        const privateKey = createPrivateKey({ key: key.jwk, format: 'jwk' })
        return new Uint8Array(sign(HASH[algorithm ?? key.algorithm], toBeSigned, { key: privateKey, ...IEEE }))
      },
      verify: ({ sign1, key }) => {
        const publicKey = createPublicKey({ key: key.jwk, format: 'jwk' })
        const hash = HASH[sign1.protectedHeaders.headers?.get(1)]
        if (hash === undefined) throw new Error('no algorithm in the protected header')
        return verify(hash, sign1.toBeSigned, { key: publicKey, ...IEEE }, sign1.signature)
      },
    },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) => new X509Certificate(certificate).issuer.split('\n')
      .filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1)),
    getPublicKey: ({ certificate }) => CoseKey.fromJwk(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
    verifyCertificateChain: ({ trustedCertificates, x5chain, now = new Date() }) => {
      const [roots, chain] = [trustedCertificates, x5chain].map((ders) => ders.map((der) => new X509Certificate(der)))
      verifyChain(chain, roots, now)
    },
    getCertificateData: ({ certificate }) => {
      const { issuer, subject, serialNumber, fingerprint256: thumbprint, validFrom, validTo } = new X509Certificate(certificate)
      return {
        issuerName: issuer, subjectName: subject, serialNumber, thumbprint,
        notBefore: new Date(validFrom), notAfter: new Date(validTo),
      }
    },
  },
}

const failing = ({ status, category, check, reason }) => {
  if (status === 'FAILED') throw new Error(`${category}: ${check}: ${reason ?? ''}`)
}

const ders = (pem) => certificatesOf(pem).map(({ raw }) => new Uint8Array(raw))

/** A transcript as it was received: the package itself reads no engagement that names a way of reaching it does not know. */
class Received extends SessionTranscript {
  get encodedStructure() {
    return cborDecode(new Uint8Array(this.structure))
  }
}

// A text that looks like a day becomes a full-date, at any depth.
function element(value) {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)) return new DateOnly(value)
  if (Array.isArray(value)) return value.map(element)
  if (value?.constructor !== Object) return value
  return new Map(Object.entries(value).map(([name, inner]) => [name, element(inner)]))
}

/** Issues an mdoc bound to `holder`, valid from `from` to `until` days from now; gives the IssuerSigned. */
export async function issue(docType, namespaces, { signer, holder, from = 0, until = 30, digest = 'SHA-256' }) {
  const issuer = new Issuer(docType, context)
  for (const [name, values] of Object.entries(namespaces)) issuer.addIssuerNamespace(name, element(values))
  const now = Math.floor(Date.now() / 1000) * 1000
  const days = (count) => new Date(now + count * 86_400_000)
  const signed = await issuer.sign({
    signingKey: CoseKey.fromJwk({ ...signer.privateJwk, alg: 'ES256' }),
    certificates: ders(signer.certificate),
    algorithm: SignatureAlgorithm.ES256,
    digestAlgorithm: digest,
    deviceKeyInfo: { deviceKey: DeviceKey.fromJwk(holder.publicJwk) },
    validityInfo: { signed: days(Math.min(from, 0)), validFrom: days(from), validUntil: days(until) },
  })
  return Buffer.from(signed.encode())
}

/** A request for the named elements (`{ namespace: [element] }`), none of which is to be retained. */
function itemsRequest(docType, elements) {
  const namespaces = Object.entries(elements).map(([name, ids]) => [name, Object.fromEntries(ids.map((id) => [id, false]))])
  return ItemsRequest.create({ docType, namespaces: Object.fromEntries(namespaces) })
}

/** Asks for the named elements with the signature of a reader; gives the DeviceRequest. */
export async function request(docType, elements, { reader, transcript }) {
  const asked = itemsRequest(docType, elements)
  const [certificate] = ders(reader.certificate)
  const readerAuth = await ReaderAuth.create({
    protectedHeaders: ProtectedHeaders.create({ protectedHeaders: new Map([[Header.Algorithm, SignatureAlgorithm.ES256]]) }),
    unprotectedHeaders: UnprotectedHeaders.create({ unprotectedHeaders: new Map([[Header.X5Chain, certificate]]) }),
    detachedPayload: new Uint8Array(readerAuthentication(transcript, asked.encode())),
    signingKey: CoseKey.fromJwk({ ...reader.privateJwk, alg: 'ES256' }),
  }, context)
  const docRequests = [DocRequest.create({ itemsRequest: asked, readerAuth })]
  return Buffer.from(DeviceRequest.create({ docRequests }).encode())
}

/** Presents the named elements with a device signature. */
export async function present(issuerSigned, docType, elements, { holder, transcript }) {
  const deviceRequest = DeviceRequest.create({
    docRequests: [DocRequest.create({ itemsRequest: itemsRequest(docType, elements) })],
  })
  const response = await Holder.createDeviceResponseForDeviceRequest({
    deviceRequest,
    issuerSigned: [IssuerSigned.decode(issuerSigned)],
    sessionTranscript: new Received(transcript),
    signature: { signingKey: CoseKey.fromJwk({ ...holder.privateJwk, alg: 'ES256' }) },
  }, context)
  return Buffer.from(response.encode())
}

const plain = (value) => {
  if (value instanceof Date || value instanceof DateOnly) return value.toISOString()
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, inner]) => [name, plain(inner)]))
  return Array.isArray(value) ? value.map(plain) : value
}

const claimsOf = (issuerSigned) => Object.fromEntries([...issuerSigned.issuerNamespaces.issuerNamespaces]
  .map(([name, items]) => [name, Object.fromEntries(items.map((item) => [item.elementIdentifier, plain(item.elementValue)]))]))

/** Verifies an IssuerSigned under the PEM certificate `anchor` and gives its claims by namespace, or throws. */
export async function verifyIssuerSigned(bytes, { anchor, at = new Date() }) {
  const issuerSigned = IssuerSigned.decode(new Uint8Array(bytes))
  await issuerSigned.verify({ trustedCertificates: ders(anchor), now: at, verificationCallback: failing }, context)
  const { docType, deviceKeyInfo } = issuerSigned.issuerAuth.mobileSecurityObject
  return { docType, claims: claimsOf(issuerSigned), deviceKey: deviceKeyInfo.deviceKey.jwk }
}

/** Verifies a DeviceResponse under the PEM certificate `anchor` and gives its documents, or throws. */
export async function verifyResponse(bytes, { anchor, transcript, at = new Date() }) {
  const response = DeviceResponse.decode(new Uint8Array(bytes))
  const sessionTranscript = new Received(transcript)
  await response.verify({ trustedCertificates: ders(anchor), sessionTranscript, now: at, onCheck: failing }, context)
  return (response.documents ?? []).map(({ docType, issuerSigned }) => ({ docType, claims: claimsOf(issuerSigned) }))
}

/** What @owf/mdoc makes of the parameters of a presentation by OpenID4VP 1.0. */
export async function transcriptOf({ clientId, nonce, responseUri, origin, jwkThumbprint }) {
  const optional = jwkThumbprint && { jwkThumbprint: new Uint8Array(jwkThumbprint) }
  const transcript = origin
    ? await SessionTranscript.forOid4VpDcApi({ origin, nonce, ...optional }, context)
    : await SessionTranscript.forOid4Vp({ clientId, responseUri, nonce, ...optional }, context)
  return Buffer.from(transcript.encode())
}

/** Verifies the reader authentication of every request in a DeviceRequest; one without it is an error. */
export async function verifyRequest(bytes, { transcript }) {
  const deviceRequest = DeviceRequest.decode(new Uint8Array(bytes))
  if (deviceRequest.docRequests.some(({ readerAuth }) => !readerAuth)) throw new Error('no reader authentication')
  const sessionTranscript = new Received(transcript)
  await Holder.verifyDeviceRequest({ deviceRequest, sessionTranscript, verificationCallback: failing }, context)
}

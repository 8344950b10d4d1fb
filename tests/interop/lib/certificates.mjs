// Certificate authorities and signing certificates, as PEM files for the command line.
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

x509.cryptoProvider.set(webcrypto)

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

const DAY = 86_400_000

/** Makes a root, a leaf under it for `localhost`, and the leaf's private key (PKCS #8). */
export async function newIssuerFiles() {
  const rootKeys = await newKeys()
  const leafKeys = await newKeys()
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 30 * DAY) }
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=School Root, C=DE',
    keys: rootKeys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=School Office, C=DE',
    issuer: root.subject,
    publicKey: leafKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
    ],
  })
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey), 'PRIVATE KEY')
  return { key, certificate: leaf.toString('pem'), root: root.toString('pem') }
}

/** EKU of an mdoc's document signer (ISO 18013-5 §B.1.4). */
const DOCUMENT_SIGNER = '1.0.18013.5.1.2'

/**
 * Makes an IACA root and a document signer under it, as ISO 18013-5 Annex B has them; the private key comes as PKCS #8
 * and as JWK. `usage` is the extended key usage, `country` that of the signer alone, `from` and `until` days from now.
 */
export async function newDocumentSigner({ usage = DOCUMENT_SIGNER, country = 'DE', from = -1, until = 300 } = {}) {
  const rootKeys = await newKeys()
  const leafKeys = await newKeys()
  // Whole days, so that no certificate tells the minute of the test.
  const today = Math.floor(Date.now() / DAY) * DAY
  const days = (first, last) => ({ notBefore: new Date(today + first * DAY), notAfter: new Date(today + last * DAY) })
  const contact = () => new x509.IssuerAlternativeNameExtension([{ type: 'url', value: 'https://iaca.example' }])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'C=DE, CN=Test IACA',
    keys: rootKeys,
    signingAlgorithm: ALGORITHM,
    ...days(-1000, 2000),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
      contact(),
    ],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `C=${country}, CN=Test Document Signer`,
    issuer: root.subject,
    publicKey: leafKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    ...days(from, until),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage], true),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
      contact(),
      new x509.CRLDistributionPointsExtension(['https://iaca.example/crl']),
    ],
  })
  const exported = (format) => webcrypto.subtle.exportKey(format, leafKeys.privateKey)
  const { kty, crv, x, y, d } = await exported('jwk')
  return {
    key: x509.PemConverter.encode(await exported('pkcs8'), 'PRIVATE KEY'),
    privateJwk: { kty, crv, x, y, d },
    certificate: leaf.toString('pem'),
    root: root.toString('pem'),
  }
}

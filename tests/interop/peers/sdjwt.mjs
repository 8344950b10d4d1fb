// @sd-jwt as a foreign issuer, holder and verifier of SD-JWT VCs.
import { createHash, X509Certificate } from 'node:crypto'
import { Jwt, SDJwtInstance } from '@sd-jwt/core'
import { digest, ES256, generateSalt } from '@sd-jwt/crypto-nodejs'
import { getListFromStatusListJWT } from '@sd-jwt/jwt-status-list'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'

const HASH = { hasher: digest, hashAlg: 'sha-256' }

const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y })

/** Makes a P-256 key pair as JWKs. */
export async function newKeyPair() {
  const { publicKey, privateKey } = await ES256.generateKeyPair()
  return { publicJwk: publicPart(publicKey), privateJwk: { ...publicPart(privateKey), d: privateKey.d } }
}

/** Issues an SD-JWT VC bound to `holder`; `frame` says what is disclosable, in the package's own form. */
export async function issue(claims, frame, { issuer, holder }) {
  const signer = await ES256.getSigner(issuer.privateJwk)
  const instance = new SDJwtVcInstance({ ...HASH, saltGenerator: generateSalt, signer, signAlg: 'ES256' })
  return instance.issue({ ...claims, cnf: { jwk: holder.publicJwk } }, frame)
}

/** Presents the claims in `frame` with key binding. */
export async function present(compact, frame, { holder, nonce, audience }) {
  const kbSigner = await ES256.getSigner(holder.privateJwk)
  const instance = new SDJwtVcInstance({ ...HASH, kbSigner, kbSignAlg: 'ES256' })
  return instance.present(compact, frame, { kb: { payload: { iat: Math.floor(Date.now() / 1000), nonce, aud: audience } } })
}

/** Binds `sdJwt` (which ends in a tilde) to its reader whatever it holds, so that a tampered one can be bound rightly. */
export async function bind(sdJwt, { holder, nonce, audience }) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const hash = createHash('sha256').update(sdJwt).digest('base64url')
  const payload = { iat: Math.floor(Date.now() / 1000), nonce, aud: audience, sd_hash: hash }
  const input = [{ alg: 'ES256', typ: 'kb+jwt' }, payload].map(encode).join('.')
  return `${sdJwt}${input}.${await (await ES256.getSigner(holder.privateJwk))(input)}`
}

/**
 * Verifies signature, digests and times, and with a nonce the key binding; returns the claims or throws.
 * The issuer's key is `issuerJwk`, or the one in the x5c leaf. The status is left to `statusAt`.
 */
export async function verify(compact, { issuerJwk = leafJwk(compact), nonce, audience } = {}) {
  const instance = new SDJwtInstance({
    ...HASH,
    verifier: await ES256.getVerifier(issuerJwk),
    kbVerifier: async (data, signature, { cnf }) => (await ES256.getVerifier(publicPart(cnf.jwk)))(data, signature),
  })
  const { payload, kb } = await instance.verify(compact, nonce ? { keyBindingNonce: nonce } : {})
  // The package compares the nonce and leaves the audience to its caller.
  if (nonce && kb.payload.aud !== audience) throw new Error(`bound to ${kb.payload.aud}, not to ${audience}`)
  return payload
}

/** The status value at `index` of a status list token, once the token's signature by its x5c leaf is verified. */
export async function statusAt(token, index) {
  await Jwt.fromEncode(token).verify(await ES256.getVerifier(leafJwk(token)))
  return getListFromStatusListJWT(token).getStatus(index)
}

/** Header and payload of a JWT, or of the JWT in front of an SD-JWT, unverified. */
export function decode(compact) {
  const [header, payload] = compact.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')))
  return { header, payload }
}

/** The certificates of the x5c header, leaf first. */
export const chainOf = (compact) => decode(compact).header.x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')))

/** Whether the x5c chain leads to the PEM certificate `anchor`, link by link. */
export function isUnder(compact, anchor) {
  const chain = [...chainOf(compact), new X509Certificate(anchor)]
  return chain.slice(1).every((issuer, index) => chain[index].checkIssued(issuer) && chain[index].verify(issuer.publicKey))
}

const leafJwk = (compact) => publicPart(chainOf(compact)[0].publicKey.export({ format: 'jwk' }))

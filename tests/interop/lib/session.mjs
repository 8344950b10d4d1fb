// The session encryption of ISO 18013-5 §9.1.1 by the tests' own hand, for either end of a meeting in person.
import { createCipheriv, createDecipheriv, createECDH, createHash, hkdfSync } from 'node:crypto'
import { encode, Tag } from './cbor.mjs'

const TAG_LENGTH = 16

/** The secret that the owner of a private P-256 JWK shares with that of a public one. */
export function agree(own, theirs) {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.from(own.d, 'base64url'))
  const point = ['x', 'y'].map((name) => Buffer.from(theirs[name], 'base64url'))
  return ecdh.computeSecret(Buffer.concat([Buffer.from([4]), ...point]))
}

/** A key for the named purpose out of a shared secret and the transcript of a session. */
export const derive = (secret, transcript, purpose) => {
  const salt = createHash('sha256').update(encode(new Tag(24, transcript))).digest()
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, 32))
}

/** One direction of a session: the key of its sender, `reader` or `device`, and a counter of the messages so far. */
function direction(secret, transcript, sender) {
  const key = derive(secret, transcript, { reader: 'SKReader', device: 'SKDevice' }[sender])
  let count = 0
  return () => {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(sender === 'device' ? 1 : 0, 4)
    nonce.writeUInt32BE(++count, 8)
    return [key, nonce]
  }
}

/** One end of a session: `role` is the own one; `own` and `theirs` are the ephemeral keys as JWKs. */
export function openSession({ role, own, theirs, transcript }) {
  const secret = agree(own, theirs)
  const sending = direction(secret, transcript, role)
  const receiving = direction(secret, transcript, role === 'reader' ? 'device' : 'reader')
  return {
    encrypt(message) {
      const cipher = createCipheriv('aes-256-gcm', ...sending())
      return Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()])
    },
    decrypt(message) {
      const decipher = createDecipheriv('aes-256-gcm', ...receiving())
      decipher.setAuthTag(message.subarray(-TAG_LENGTH))
      return Buffer.concat([decipher.update(message.subarray(0, -TAG_LENGTH)), decipher.final()])
    },
  }
}

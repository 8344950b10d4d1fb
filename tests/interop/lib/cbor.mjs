// CBOR for the tests' own hands: small, and independent of the packages under test. Reads and writes definite lengths,
// keeps the order of maps, and leaves embedded items (tag 24) as bytes, so that what is not touched stays as it was.

/** A tagged item. */
export class Tag {
  constructor(tag, value) {
    this.tag = tag
    this.value = value
  }
}

/** A tag 24 around the encoding of `value`. */
export const embed = (value) => new Tag(24, encode(value))

/** What stands inside a tag 24. */
export const open = ({ value }) => decode(value)

/** A full-date (RFC 8943). */
export const fullDate = (text) => new Tag(1004, text)

const SIMPLE = new Map([[20, false], [21, true], [22, null], [23, undefined]])

/** Reads one item; bytes that follow it are an error. */
export function decode(bytes) {
  const buffer = Buffer.from(bytes)
  let at = 0
  const take = (count) => {
    if (at + count > buffer.length) throw new Error('CBOR ends too early')
    at += count
    return buffer.subarray(at - count, at)
  }
  const argument = (short) => {
    if (short < 24) return short
    if (short > 27) throw new Error(`CBOR: additional information ${short}`)
    const bytes = take(2 ** (short - 24))
    return bytes.length < 8 ? bytes.readUIntBE(0, bytes.length) : Number(bytes.readBigUInt64BE())
  }
  const item = () => {
    const [head] = take(1)
    const [major, short] = [head >> 5, head & 31]
    if (major === 7 && short === 27) return take(8).readDoubleBE()
    if (major === 7 && short === 26) return take(4).readFloatBE()
    const value = argument(short)
    switch (major) {
      case 0: return value
      case 1: return -1 - value
      case 2: return Buffer.from(take(value))
      case 3: return take(value).toString()
      case 4: return Array.from({ length: value }, item)
      case 5: return new Map(Array.from({ length: value }, () => [item(), item()]))
      case 6: return new Tag(value, item())
      default: return SIMPLE.get(value)
    }
  }
  const whole = item()
  if (at !== buffer.length) throw new Error('CBOR goes on after its end')
  return whole
}

/** Writes one item, every length and number in its shortest form. */
export function encode(value) {
  if (value instanceof Tag) return Buffer.concat([head(6, value.tag), encode(value.value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flat().map(encode)])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)])
  for (const [code, simple] of SIMPLE) if (value === simple) return head(7, code)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Number.isSafeInteger(value)) return value < 0 ? head(1, -1 - value) : head(0, value)
  if (value?.constructor === Object) return encode(new Map(Object.entries(value)))
  throw new Error(`no CBOR for ${value}`)
}

function head(major, value) {
  if (value < 24) return Buffer.from([(major << 5) | value])
  const size = [1, 2, 4, 8].find((bytes) => value < 2 ** (8 * bytes))
  const buffer = Buffer.alloc(1 + size)
  buffer[0] = (major << 5) | (24 + Math.log2(size))
  if (size < 8) buffer.writeUIntBE(value, 1, size)
  else buffer.writeBigUInt64BE(BigInt(value), 1)
  return buffer
}

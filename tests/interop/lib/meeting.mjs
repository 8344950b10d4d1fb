// A meeting in person by the tests' own hand, at either end: engagement, session and messages of ISO 18013-5, and the
// socket by which the command line stands in for a radio (frames with their length in front).
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { decode, encode, open, Tag } from './cbor.mjs'
import { coseKey, jwkOf } from './mdoc.mjs'
import { openSession } from './session.mjs'

/** The command line's own way to be reached, far from the numbers of the standard: a socket of this machine. */
const SOCKET = 0x6d61707065

const LIMIT = 30_000

/** Messages over a socket. */
function framed(socket) {
  const inbox = []
  let wake = () => {}
  let buffer = Buffer.alloc(0)
  let ended = false
  socket.on('data', (part) => {
    buffer = Buffer.concat([buffer, part])
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE()) {
      const end = 4 + buffer.readUInt32BE()
      inbox.push(buffer.subarray(4, end))
      buffer = buffer.subarray(end)
    }
    wake()
  })
  for (const event of ['end', 'error', 'close']) socket.on(event, () => { ended = true; wake() })
  return {
    send(message) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(message.length)
      socket.write(Buffer.concat([length, message]))
    },
    /** The next message; `undefined` once the other side has hung up. */
    async receive() {
      for (const end = Date.now() + LIMIT; inbox.length === 0 && !ended;) {
        await new Promise((resolve) => { wake = resolve; setTimeout(resolve, 100) })
        if (Date.now() > end) throw new Error('nothing came')
      }
      return inbox.shift()
    },
    close: () => socket.destroy(),
  }
}

const transcriptOf = (engagement, readerKey) => encode([new Tag(24, engagement), new Tag(24, readerKey), null])

/** What a reader does with the text of a QR code: it connects, and has the session's transcript and cipher. */
export async function approach(text, own) {
  const engagement = Buffer.from(text.replace(/^mdoc:/, ''), 'base64url')
  const content = decode(engagement)
  const theirs = jwkOf(open(content.get(1)[1]))
  const [, , address] = content.get(2).find(([kind]) => kind === SOCKET)
  const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1')
  await once(socket, 'connect')
  const link = framed(socket)
  const readerKey = encode(coseKey(own.publicJwk))
  const transcript = transcriptOf(engagement, readerKey)
  const session = openSession({ role: 'reader', own: own.privateJwk, theirs, transcript })
  return {
    transcript,
    close: link.close,
    /** Establishes the session with a DeviceRequest; gives the DeviceResponse and the status that came. */
    async ask(request) {
      link.send(encode({ eReaderKey: new Tag(24, readerKey), data: session.encrypt(request) }))
      const answer = decode(await link.receive())
      const data = answer.get('data')
      return { response: data && session.decrypt(data), status: answer.get('status') }
    },
    /** Ends the session. */
    end: () => link.send(encode({ status: 20 })),
  }
}

/** What a phone does: it waits at a socket that the text of its QR code names. */
export async function wait(own) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  const engagement = encode(new Map([
    [0, '1.0'],
    [1, [1, new Tag(24, encode(coseKey(own.publicJwk)))]],
    [2, [[SOCKET, 1, `127.0.0.1:${port}`]]],
  ]))
  const connected = once(server, 'connection')
  let link
  return {
    text: `mdoc:${engagement.toString('base64url')}`,
    close: () => { link?.close(); server.close() },
    /** The reader's request, once it came, with its ephemeral key and the session; `answer` sends a DeviceResponse. */
    async asked() {
      const [socket] = await connected
      link = framed(socket)
      const establishment = decode(await link.receive())
      const readerKey = establishment.get('eReaderKey').value
      const reader = jwkOf(decode(readerKey))
      const transcript = transcriptOf(engagement, readerKey)
      const session = openSession({ role: 'device', own: own.privateJwk, theirs: reader, transcript })
      return {
        transcript,
        reader,
        request: session.decrypt(establishment.get('data')),
        answer: (response) => link.send(encode({ data: session.encrypt(response) })),
        /** The status with which the reader ends. */
        status: async () => decode(await link.receive()).get('status'),
      }
    },
  }
}

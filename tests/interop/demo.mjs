// A foreign look at what `mappe demo --keep DIR` left behind: node tests/interop/demo.mjs DIR
// Finds every certificate, token and mdoc in the files, whatever their layout, and verifies each with @sd-jwt, or with
// @owf/mdoc and @auth0/mdl.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode as decodeCbor } from './lib/cbor.mjs'
import { usePackages } from './lib/packages.mjs'

const JWT = 'eyJ[\\w-]*\\.[\\w-]+\\.[\\w-]+'
const SD_JWT = new RegExp(`${JWT}(?:~[\\w-]+)*~(?:${JWT})?`, 'g')
const BASE64URL = /(?<![\w.~-])[\w-]{100,}(?![\w.~-])/g
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

await usePackages()
const { decode, isUnder, statusAt, verify } = await import('./peers/sdjwt.mjs')
const mdl = await import('./peers/mdl.mjs')
const owf = await import('./peers/mdoc.mjs')

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node tests/interop/demo.mjs DIR')
  process.exit(64)
}
const entries = await readdir(folder, { recursive: true, withFileTypes: true })
const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
// JSON writes a PEM's line breaks as \n.
const texts = (await Promise.all(files.map((path) => readFile(path, 'latin1')))).map((text) => text.replaceAll('\\n', '\n'))
const all = (pattern) => [...new Set(texts.flatMap((text) => text.match(pattern) ?? []))]

const anchors = all(PEM)
const jwts = all(new RegExp(JWT, 'g'))
const ofType = (typ) => jwts.filter((jwt) => decode(jwt).header.typ === typ)
const requests = ofType('oauth-authz-req+jwt').map((jwt) => decode(jwt).payload)
const statusLists = ofType('statuslist+jwt')

/** The mdocs, responses and session transcripts: files of CBOR, base64url in others, and what evidence names. */
const cbor = { issued: [], responses: [], transcripts: [] }
const encoded = [
  ...await Promise.all(files.filter((path) => path.endsWith('.cbor')).map((path) => readFile(path))),
  ...all(BASE64URL).map((text) => Buffer.from(text, 'base64url')),
  ...jwts.map((jwt) => decode(jwt).payload.device_binding?.session_transcript)
    .filter(Boolean).map((text) => Buffer.from(text, 'base64url')),
]
for (const bytes of new Map(encoded.map((bytes) => [bytes.toString('hex'), bytes])).values()) {
  let item
  try {
    item = decodeCbor(bytes)
  } catch {
    continue
  }
  if (item instanceof Map && item.has('issuerAuth')) cbor.issued.push(bytes)
  if (item instanceof Map && item.has('documents')) cbor.responses.push(bytes)
  if (Array.isArray(item) && item.length === 3) cbor.transcripts.push(bytes)
}

/** The first of `choices` for which `attempt` holds. */
async function first(choices, attempt, what) {
  for (const choice of choices) {
    const outcome = await attempt(choice).then(() => true, () => false)
    if (outcome) return choice
  }
  throw new Error(what)
}

const anchored = (token, what) => assert.ok(anchors.some((pem) => isUnder(token, pem)), `${what} leads to no kept certificate`)
const found = { credentials: 0, presentations: 0, statuses: [] }

for (const compact of all(SD_JWT)) {
  anchored(compact, 'a credential')
  if (compact.endsWith('~')) {
    await verify(compact)
    found.credentials += 1
  } else {
    const { nonce, aud } = decode(compact.slice(compact.lastIndexOf('~') + 1)).payload
    const asked = requests.some((request) => request.nonce === nonce && request.client_id === aud)
    assert.ok(asked, `no kept request has the nonce ${nonce} and comes from ${aud}`)
    await verify(compact, { nonce, audience: aud })
    found.presentations += 1
  }
  const { idx, uri } = decode(compact).payload.status?.status_list ?? {}
  for (const token of statusLists.filter((list) => decode(list).payload.sub === uri)) {
    anchored(token, 'a status list')
    found.statuses.push(await statusAt(token, idx))
  }
}

const mdoc = { documents: 0, presentations: 0 }
for (const bytes of cbor.issued) {
  await first(anchors, (anchor) => owf.verifyIssuerSigned(bytes, { anchor }), 'an mdoc leads to no kept certificate')
  mdoc.documents += 1
}
for (const bytes of cbor.responses) {
  const choices = anchors.flatMap((anchor) => cbor.transcripts.map((transcript) => ({ anchor, transcript })))
  const fits = (choice) => owf.verifyResponse(bytes, choice)
  const found = await first(choices, fits, 'a response leads to no kept certificate, or answers no kept session')
  await mdl.verifyResponse(bytes, found)
  // And no other session: that is what a transcript is for.
  const others = cbor.transcripts.filter((transcript) => transcript !== found.transcript)
  for (const transcript of others) await assert.rejects(fits({ ...found, transcript }), /DEVICE_AUTH/)
  mdoc.presentations += 1
}

console.log(`@sd-jwt verified ${found.credentials} credentials, ${found.presentations} presentations,`
  + ` and statuses ${[...new Set(found.statuses)].sort().join(' and ') || 'none'}`)
assert.ok(found.credentials > 0 && found.presentations > 0, 'the demo kept no credential or no presentation')
console.log(`@owf/mdoc verified mdocs: ${mdoc.documents}, and together with @auth0/mdl presentations: ${mdoc.presentations}`)
assert.ok(mdoc.documents > 0, 'the demo kept no mdoc')
assert.ok(mdoc.presentations > 1, 'the demo kept no mdoc shown online, or none shown in person')
assert.ok(found.statuses.includes(1), 'no kept status list shows the revocation')

// A foreign look at what `mappe demo --keep DIR` left behind: node tests/interop/demo.mjs DIR
// Finds every certificate and token in the files, whatever their layout, and verifies each with @sd-jwt.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { usePackages } from './lib/packages.mjs'

const JWT = 'eyJ[\\w-]*\\.[\\w-]+\\.[\\w-]+'
const SD_JWT = new RegExp(`${JWT}(?:~[\\w-]+)*~(?:${JWT})?`, 'g')
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

await usePackages()
const { decode, isUnder, statusAt, verify } = await import('./peers/sdjwt.mjs')

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

console.log(`@sd-jwt verified ${found.credentials} credentials, ${found.presentations} presentations,`
  + ` and statuses ${[...new Set(found.statuses)].sort().join(' and ') || 'none'}`)
assert.ok(found.credentials > 0 && found.presentations > 0, 'the demo kept no credential or no presentation')
assert.ok(found.statuses.includes(1), 'no kept status list shows the revocation')

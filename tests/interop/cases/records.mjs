// Published records, which are read from outside the project.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../lib/cbor.mjs'
import { Skip } from '../lib/harness.mjs'

const vectors = process.env.CONFORMANCE_VECTORS || join(import.meta.dirname, '../../../../shared/vectors')

/** What a case does that needs vectors which are not on this machine. */
const absent = (path) => () => { throw new Skip(`no conformance vectors in ${path}`) }

/** The records of the dcql package: a query, the credentials held, and whether they satisfy it. */
export async function records() {
  const folder = join(vectors, 'dcql', 'dcql-ts')
  const names = await readdir(folder).catch(absent(folder))
  const files = names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(folder, name), 'utf8'))
  const texts = await Promise.all(files)
  return texts.flatMap((text) => JSON.parse(text))
    .filter(({ op }) => op === 'DcqlQuery.query')
    .map(({ test, query, credentials, result }) => ({ test, query, credentials, satisfied: result?.can_be_satisfied ?? false }))
}

/** The meeting of ISO 18013-5 Annex D: its keys, messages and document, which has a device MAC. */
export async function annexD() {
  const path = join(vectors, 'mdoc', 'iso18013-5-annex-d.json')
  const values = JSON.parse(await readFile(path, 'utf8').catch(absent(path)))
  const bytes = (name) => Buffer.from(values[`ISO_18013_5_ANNEX_D_${name}`], 'hex')
  const jwk = (name) => {
    const [x, y, d] = ['X', 'Y', 'D'].map((part) => bytes(`EPHEMERAL_${name}_KEY_${part}`).toString('base64url'))
    return { kty: 'EC', crv: 'P-256', x, y, d }
  }
  return {
    request: bytes('DEVICE_REQUEST'),
    response: bytes('DEVICE_RESPONSE'),
    transcript: decode(bytes('SESSION_TRANSCRIPT_BYTES')).value,
    certificate: bytes('DS_CERT'),
    reader: jwk('READER'),
    device: jwk('DEVICE'),
    establishment: bytes('SESSION_ESTABLISHMENT'),
    data: bytes('SESSION_DATA'),
  }
}

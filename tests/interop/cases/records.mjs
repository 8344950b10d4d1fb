// The published records of the dcql package: a query, the credentials held, and whether they satisfy it.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Skip } from '../lib/harness.mjs'

const vectors = process.env.CONFORMANCE_VECTORS || join(import.meta.dirname, '../../../../shared/vectors')

/** Reads the records; a case is skipped where the vectors are not on this machine. */
export async function records() {
  const folder = join(vectors, 'dcql', 'dcql-ts')
  const names = await readdir(folder).catch(() => { throw new Skip(`no conformance vectors in ${folder}`) })
  const files = names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(folder, name), 'utf8'))
  const texts = await Promise.all(files)
  return texts.flatMap((text) => JSON.parse(text))
    .filter(({ op }) => op === 'DcqlQuery.query')
    .map(({ test, query, credentials, result }) => ({ test, query, credentials, satisfied: result?.can_be_satisfied ?? false }))
}

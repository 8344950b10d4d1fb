// The dcql package and the command line answer the same queries over the same credentials.
import assert from 'node:assert/strict'
import { file, json } from '../lib/mappe.mjs'
import { queries, random } from '../lib/random.mjs'
import { evaluate } from '../peers/dcql.mjs'
import { issue, newKeyPair } from '../peers/sdjwt.mjs'
import { HELD, record } from './held.mjs'
import { records } from './records.mjs'

const QUERIES = 80

/** Every claim disclosable, so that the matching has to look behind digests. */
async function compact({ vct, claims }) {
  const [issuer, holder] = [await newKeyPair(), await newKeyPair()]
  return issue({ iss: 'https://issuer.example', vct, ...claims }, { _sd: Object.keys(claims) }, { issuer, holder })
}

async function satisfied(folder, query, credentials) {
  const answer = await json('dcql', '--query', await file(folder, 'query.json', query), '--credentials', credentials)
  return answer.satisfied
}

/** Compares both on random queries and says how many could be satisfied. */
const agreeing = (form, write) => ({
  name: `dcql: random queries over ${form} get the same answer from us and from the dcql package`,
  async run(context) {
    const folder = await context.folder()
    const seed = Number(process.env.MAPPE_SEED) || 20261121
    const query = queries(random(seed), HELD)
    const credentials = await write(folder)
    let positive = 0
    for (let count = 0; count < QUERIES; count += 1) {
      const asked = query()
      const expected = evaluate(asked, HELD.map(record))
      assert.equal(expected.invalid, undefined, `seed ${seed}: not a valid query: ${JSON.stringify(asked)}`)
      assert.equal(await satisfied(folder, asked, credentials), expected.satisfied, `seed ${seed}: ${JSON.stringify(asked)}`)
      positive += expected.satisfied ? 1 : 0
    }
    return `${positive} of ${QUERIES} can be satisfied`
  },
})

export const cases = [
  {
    name: 'dcql: the published records of the dcql package get the same answer from us',
    async run(context) {
      const folder = await context.folder()
      const all = await records()
      const differing = []
      for (const { test, query, credentials, satisfied: expected } of all) {
        const answer = await satisfied(folder, query, await file(folder, 'credentials.json', credentials))
        if (answer !== expected) differing.push(`${test}: expected ${expected}`)
      }
      assert.deepEqual(differing, [])
      return `${all.length} records`
    },
  },
  agreeing('records', (folder) => file(folder, 'credentials.json', HELD.map(record))),
  agreeing('SD-JWT VCs issued by @sd-jwt', async (folder) =>
    file(folder, 'credentials.txt', `${(await Promise.all(HELD.map(compact))).join('\n')}\n`)),
]

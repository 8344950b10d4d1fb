// OpenID4VP 1.0: our university asks, Credo's wallet answers.
import assert from 'node:assert/strict'
import { refused, until } from '../lib/harness.mjs'
import { startUniversity } from '../lib/mappe.mjs'
import { CLAIMS, ELEMENTS, startIssuer } from '../peers/credo-issuer.mjs'
import { startWallet } from '../peers/credo-wallet.mjs'
import { COMBINATIONS, PID, REPORT } from './queries.mjs'

/** Credo's wallet with a report and an mdoc, and our university which accepts the issuers under `accepted`. */
async function asking(context, accepted) {
  const issuer = context.use(await startIssuer())
  const issuers = [issuer.root, issuer.iaca]
  const university = await startUniversity(context, { issuers: accepted ?? issuers })
  const wallet = await startWallet({ anchors: [...issuers, university.root] })
  const { offer, txCode } = await issuer.offer({ txCode: true, configurations: ['report', 'pid'] })
  await wallet.receive(offer, { txCode })
  return { university, wallet }
}

const settled = (university, id) => until(async () => {
  const result = await university.result(id)
  return result.state !== 'pending' && result
}, 'the university has judged the answer')

/** What Credo's wallet is asked for: the query, the values that arrive, and one that stays at home. */
const ASKED = {
  report: { query: REPORT, shown: [CLAIMS.family_name, CLAIMS.report.average], hidden: CLAIMS.given_name },
  mdoc: { query: PID, shown: [ELEMENTS.family_name, 'age_over_18'], hidden: ELEMENTS.given_name },
}

const verified = (what) => (combination) => ({
  name: `verifying: our university verifies the ${what} of Credo's wallet (${combination.prefix}, ${combination.responseMode})`,
  async run(context) {
    const { query, shown, hidden } = ASKED[what]
    const { university, wallet } = await asking(context)
    const { request, id } = await university.request(query, combination)
    assert.equal((await university.result(id)).state, 'pending')
    assert.deepEqual(await wallet.present(request), { satisfied: true, status: 200 })
    const { state, assessment } = await settled(university, id)
    assert.equal(state, 'answered', JSON.stringify(assessment))
    const told = JSON.stringify(assessment)
    for (const value of shown) assert.ok(told.includes(value), told)
    assert.ok(!told.includes(hidden), 'what was not asked for did not arrive')
  },
})

export const cases = [
  ...COMBINATIONS.map(verified('report')),
  ...COMBINATIONS.map(verified('mdoc')),
  ...Object.entries(ASKED).map(([what, { query }]) => ({
    name: `verifying: our university does not accept an issuer it does not trust (${what})`,
    async run(context) {
      const stranger = context.use(await startIssuer())
      const { university, wallet } = await asking(context, [stranger.root, stranger.iaca])
      const { request, id } = await university.request(query)
      // Whether the wallet is told so is the university's choice; that the result is no success is not.
      await wallet.present(request).catch(() => {})
      assert.equal((await settled(university, id)).state, 'failed')
    },
  })),
  {
    name: 'verifying: a request of our university is answered once',
    async run(context) {
      const { university, wallet } = await asking(context)
      const { request, id } = await university.request(REPORT)
      await wallet.present(request)
      assert.equal((await settled(university, id)).state, 'answered')
      await refused(wallet.present(request).then(({ status }) => assert.equal(status, 200)), 'a second answer')
    },
  },
]

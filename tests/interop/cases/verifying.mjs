// OpenID4VP 1.0: our university asks, Credo's wallet answers.
import assert from 'node:assert/strict'
import { refused, until } from '../lib/harness.mjs'
import { startUniversity } from '../lib/mappe.mjs'
import { CLAIMS, startIssuer } from '../peers/credo-issuer.mjs'
import { startWallet } from '../peers/credo-wallet.mjs'
import { COMBINATIONS, REPORT } from './queries.mjs'

/** Credo's wallet with a report, and our university which accepts the issuers under `accepted`. */
async function asking(context, accepted) {
  const issuer = context.use(await startIssuer())
  const university = await startUniversity(context, { issuers: [accepted ?? issuer.root] })
  const wallet = await startWallet({ anchors: [issuer.root, university.root] })
  const { offer, txCode } = await issuer.offer({ txCode: true })
  await wallet.receive(offer, { txCode })
  return { university, wallet }
}

const settled = (university, id) => until(async () => {
  const result = await university.result(id)
  return result.state !== 'pending' && result
}, 'the university has judged the answer')

const verified = (combination) => ({
  name: `verifying: our university verifies Credo's wallet (${combination.prefix}, ${combination.responseMode})`,
  async run(context) {
    const { university, wallet } = await asking(context)
    const { request, id } = await university.request(REPORT, combination)
    assert.equal((await university.result(id)).state, 'pending')
    assert.deepEqual(await wallet.present(request), { satisfied: true, status: 200 })
    const { state, assessment } = await settled(university, id)
    assert.equal(state, 'answered', JSON.stringify(assessment))
    const told = JSON.stringify(assessment)
    for (const value of [CLAIMS.family_name, CLAIMS.report.average]) assert.ok(told.includes(value), told)
    assert.ok(!told.includes(CLAIMS.given_name), 'what was not asked for did not arrive')
  },
})

export const cases = [
  ...COMBINATIONS.map(verified),
  {
    name: 'verifying: our university does not accept an issuer it does not trust',
    async run(context) {
      const stranger = context.use(await startIssuer())
      const { university, wallet } = await asking(context, stranger.root)
      const { request, id } = await university.request(REPORT)
      // Whether the wallet is told so is the university's choice; that the result is no success is not.
      await wallet.present(request).catch(() => {})
      assert.equal((await settled(university, id)).state, 'failed')
    },
  },
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

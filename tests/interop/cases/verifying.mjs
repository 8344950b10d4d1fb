// OpenID4VP 1.0: our university asks, Credo's wallet answers.
import assert from 'node:assert/strict'
import { refused, until } from '../lib/harness.mjs'
import { startUniversity } from '../lib/mappe.mjs'
import { newDocumentSigner } from '../lib/certificates.mjs'
import { transcriptOf } from '../lib/mdoc.mjs'
import { answer, bindingOf, readRequest } from '../lib/openid4vp.mjs'
import { CLAIMS, DOCTYPE, ELEMENTS, startIssuer } from '../peers/credo-issuer.mjs'
import { startWallet } from '../peers/credo-wallet.mjs'
import { issue, present } from '../peers/mdoc.mjs'
import { newKeyPair } from '../peers/sdjwt.mjs'
import { edited, PID_CLAIMS, SPOILERS } from './mdocs.mjs'
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

/** Answers our university with an mdoc that @owf/mdoc issued and presented, and the test's hand then spoilt. */
async function answeredByHand(context, { spoil = () => {}, change = (untouched) => untouched } = {}) {
  const made = { signer: await newDocumentSigner(), holder: await newKeyPair() }
  const university = await startUniversity(context, { issuers: [made.signer.root] })
  const { request, id } = await university.request(PID, { responseMode: 'direct_post' })
  const asked = await readRequest(request)
  const issuerSigned = await issue(DOCTYPE, { [DOCTYPE]: PID_CLAIMS }, made)
  const elements = { [DOCTYPE]: ['family_name', 'age_over_18'] }
  const transcript = transcriptOf(change(bindingOf(asked)))
  const response = await present(issuerSigned, DOCTYPE, elements, { ...made, transcript })
  const spoilt = await edited(spoil, { rebound: false })(response)
  await answer(asked, PID.credentials[0].id, spoilt.toString('base64url'))
  return settled(university, id)
}

/** Answers a page of our university through the Digital Credentials API, bound to `bound` by a foreign holder. */
async function answeredPage(context, { origin, bound = origin }) {
  const made = { signer: await newDocumentSigner(), holder: await newKeyPair() }
  const university = await startUniversity(context, { issuers: [made.signer.root] })
  const { digital, id } = await university.pageRequest(PID, origin)
  const [{ protocol, data }] = digital.requests
  const issuerSigned = await issue(DOCTYPE, { [DOCTYPE]: PID_CLAIMS }, made)
  const elements = { [DOCTYPE]: ['family_name', 'age_over_18'] }
  const transcript = transcriptOf({ origin: bound, nonce: data.nonce })
  const response = await present(issuerSigned, DOCTYPE, elements, { ...made, transcript })
  const vp_token = { [PID.credentials[0].id]: [response.toString('base64url')] }
  return university.pageAnswer(id, origin, { protocol, data: { vp_token } })
}

const refusal = (what, options) => ({
  name: `verifying: our university refuses an mdoc by @owf/mdoc with ${what}`,
  async run(context) {
    const { state, assessment } = await answeredByHand(context, options)
    assert.equal(state, 'failed', JSON.stringify(assessment))
  },
})

export const cases = [
  {
    name: 'verifying: our university verifies an mdoc by @owf/mdoc',
    async run(context) {
      const { state, assessment } = await answeredByHand(context)
      assert.equal(state, 'answered', JSON.stringify(assessment))
      assert.ok(JSON.stringify(assessment).includes(PID_CLAIMS.family_name))
    },
  },
  {
    name: 'verifying: our university verifies an mdoc by @owf/mdoc through the Digital Credentials API, for its origin alone',
    async run(context) {
      const origin = 'https://university.example'
      const { state, assessment } = await answeredPage(context, { origin })
      assert.equal(state, 'answered', JSON.stringify(assessment))
      assert.ok(JSON.stringify(assessment).includes(PID_CLAIMS.family_name))
      const elsewhere = answeredPage(context, { origin, bound: 'https://elsewhere.example' })
      await assert.rejects(elsewhere, /not_bound/)
    },
  },
  ...Object.entries(SPOILERS).map(([what, spoil]) => refusal(what, { spoil })),
  refusal('the nonce of another request', { change: (binding) => ({ ...binding, nonce: 'another' }) }),
  refusal('the transcript of another verifier', { change: (binding) => ({ ...binding, clientId: 'x509_hash:another' }) }),
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

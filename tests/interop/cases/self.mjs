// The foreign peers against each other: when one of these fails, the peers are at fault and not Mappe.
import assert from 'node:assert/strict'
import { refused } from '../lib/harness.mjs'
import { CLAIMS, DOCTYPE, ELEMENTS, startIssuer } from '../peers/credo-issuer.mjs'
import { startVerifier } from '../peers/credo-verifier.mjs'
import { startWallet } from '../peers/credo-wallet.mjs'
import { evaluate } from '../peers/dcql.mjs'
import { verifyIssuerSigned } from '../peers/mdoc.mjs'
import { isUnder, issue, newKeyPair, present, verify } from '../peers/sdjwt.mjs'
import { queries, random } from '../lib/random.mjs'
import { HELD, record } from './held.mjs'
import { COMBINATIONS, PID, REPORT, UNKNOWN_TYPE } from './queries.mjs'
import { records } from './records.mjs'
import { DISCLOSED, edited, presentation, REBOUND, tamperings } from './tampering.mjs'

async function credoRound(context, { configurations, ...options }) {
  const issuer = context.use(await startIssuer(options))
  const roots = [issuer.root, issuer.iaca]
  const verifier = context.use(await startVerifier({ issuers: roots }))
  const wallet = await startWallet({ anchors: [...roots, verifier.root], dpop: options.dpop })
  const { offer, txCode, id } = await issuer.offer({ txCode: true, configurations })
  const copies = await wallet.receive(offer, { txCode })
  assert.equal(await issuer.state(id), 'Completed')
  return { issuer, verifier, wallet, copies }
}

export const cases = [
  {
    name: 'self: Credo issues three copies to Credo and its wallet presents them in every mode',
    async run(context) {
      const { verifier, wallet, copies } = await credoRound(context, { batch: 3 })
      assert.equal(copies.length, 3)
      for (const combination of COMBINATIONS) {
        const { request, id } = await verifier.request(REPORT, combination)
        assert.deepEqual(await wallet.present(request), { satisfied: true, status: 200 })
        const { state, claims } = await verifier.result(id)
        assert.equal(state, 'ResponseVerified')
        assert.equal(claims.report.family_name, CLAIMS.family_name)
        assert.equal(claims.report.given_name, undefined)
      }
      const { request } = await verifier.request(UNKNOWN_TYPE)
      assert.deepEqual(await wallet.present(request), { satisfied: false })
    },
  },
  {
    name: 'self: Credo issues an mdoc to Credo, its wallet presents it in every mode, and @owf/mdoc verifies each copy',
    async run(context) {
      const { issuer, verifier, wallet, copies } = await credoRound(context, { batch: 2, configurations: ['pid'] })
      assert.equal(copies.length, 2)
      for (const copy of copies) {
        const { docType, claims } = await verifyIssuerSigned(Buffer.from(copy, 'base64url'), { anchor: issuer.iaca })
        assert.equal(docType, DOCTYPE)
        assert.equal(claims[DOCTYPE].birth_date, ELEMENTS.birth_date.toISOString())
        await refused(verifyIssuerSigned(Buffer.from(copy, 'base64url'), { anchor: issuer.root }), 'another root')
      }
      for (const combination of COMBINATIONS) {
        const { request, id } = await verifier.request(PID, combination)
        assert.deepEqual(await wallet.present(request), { satisfied: true, status: 200 })
        const { state, claims, error } = await verifier.result(id)
        assert.equal(state, 'ResponseVerified', error)
        assert.deepEqual(claims.pid, { [DOCTYPE]: { family_name: ELEMENTS.family_name, age_over_18: true } })
      }
    },
  },
  {
    name: 'self: Credo issues with DPoP and @sd-jwt verifies the result',
    async run(context) {
      const { issuer, verifier, copies: [copy] } = await credoRound(context, { dpop: true })
      const payload = await verify(copy)
      assert.equal(payload.report.average, CLAIMS.report.average)
      assert.ok(isUnder(copy, issuer.root))
      assert.ok(!isUnder(copy, verifier.root))
    },
  },
  {
    name: 'self: Credo refuses a wrong transaction code and an unknown verifier',
    async run(context) {
      const issuer = context.use(await startIssuer())
      const verifier = context.use(await startVerifier({ issuers: [issuer.root] }))
      const wallet = await startWallet({ anchors: [issuer.root] })
      const { offer, txCode } = await issuer.offer({ txCode: true })
      await refused(wallet.receive(offer, { txCode: txCode === '0000' ? '0001' : '0000' }), 'a wrong transaction code')
      const { request } = await verifier.request(REPORT)
      await refused(wallet.present(request), 'a verifier without a trusted certificate')
      assert.deepEqual(verifier.posts, [])
    },
  },
  {
    name: 'self: @sd-jwt verifies its own presentation and refuses a replay',
    async run() {
      const issuer = await newKeyPair()
      const holder = await newKeyPair()
      const claims = { vct: 'urn:example:1', name: 'Ada', grade: '1,3' }
      const compact = await issue(claims, { _sd: ['name', 'grade'] }, { issuer, holder })
      const binding = { nonce: 'n-1', audience: 'x509_hash:a' }
      const presentation = await present(compact, { grade: true }, { holder, ...binding })
      const payload = await verify(presentation, { issuerJwk: issuer.publicJwk, ...binding })
      assert.equal(payload.grade, '1,3')
      assert.equal(payload.name, undefined)
      await refused(verify(presentation, { issuerJwk: issuer.publicJwk, ...binding, nonce: 'n-2' }), 'another nonce')
      await refused(verify(presentation, { issuerJwk: issuer.publicJwk, ...binding, audience: 'b' }), 'another audience')
      await refused(verify(presentation, { issuerJwk: holder.publicJwk, ...binding }), 'another issuer key')
    },
  },
  {
    name: 'self: @sd-jwt accepts the presentation that the tests spoil, and refuses it spoilt',
    async run() {
      // Bound anew by our own hand it must still hold, or a refusal would prove nothing.
      const rebound = { change: edited((parts) => parts, REBOUND) }
      for (const options of [{}, rebound]) {
        const { compact, issuerJwk, binding } = await presentation(options)
        const { report, languages, family_name: hidden } = await verify(compact, { issuerJwk, ...binding })
        assert.deepEqual([{ report, languages }, hidden], [DISCLOSED, undefined])
      }
      for (const { what, lenient, ...options } of tamperings) {
        const { compact, issuerJwk, binding } = await presentation(options)
        if (!lenient) await refused(verify(compact, { issuerJwk, ...binding }), what)
      }
    },
  },
  {
    name: 'self: the dcql package finds every random query valid, and some but not all satisfied',
    async run() {
      const query = queries(random(1), HELD)
      const all = Array.from({ length: 1000 }, () => evaluate(query(), HELD.map(record)))
      assert.deepEqual(all.filter(({ invalid }) => invalid).slice(0, 3), [])
      const satisfied = all.filter((answer) => answer.satisfied).length
      assert.ok(satisfied > 250 && satisfied < 750, `${satisfied} of 1000`)
      return `${satisfied} of 1000`
    },
  },
  {
    name: 'self: the dcql package still takes a wildcard over an empty array as found, even by value',
    async run() {
      const [{ vct }] = HELD
      const query = (claim) => ({ credentials: [{ id: 'q', format: 'dc+sd-jwt', meta: { vct_values: [vct] }, claims: [claim] }] })
      const held = [record({ vct, claims: { subjects: [] } })]
      // Once this fails, empty arrays belong back among the held credentials.
      assert.equal(evaluate(query({ path: ['subjects', null], values: ['nothing holds this'] }), held).satisfied, true)
      assert.equal(evaluate(query({ path: ['subjects', 0] }), held).satisfied, false)
    },
  },
  {
    name: 'self: the dcql package agrees with its published records',
    async run() {
      const all = await records()
      for (const { test, query, credentials, satisfied } of all) {
        assert.equal(evaluate(query, credentials).satisfied, satisfied, test)
      }
      return `${all.length} records`
    },
  },
]

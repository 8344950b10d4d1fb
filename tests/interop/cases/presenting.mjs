// OpenID4VP 1.0: Credo asks, our wallet answers or refuses.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { refused } from '../lib/harness.mjs'
import { transcriptOf } from '../lib/mdoc.mjs'
import { CARD, newWallet, startAuthority } from '../lib/mappe.mjs'
import { bindingOf, readRequest } from '../lib/openid4vp.mjs'
import { CLAIMS, DOCTYPE, ELEMENTS, startIssuer } from '../peers/credo-issuer.mjs'
import { startVerifier } from '../peers/credo-verifier.mjs'
import * as mdl from '../peers/mdl.mjs'
import * as owf from '../peers/mdoc.mjs'
import * as pymdoccbor from '../peers/pymdoccbor.mjs'
import { edited, SPOILERS } from './mdocs.mjs'
import { COMBINATIONS, PID, REPORT, UNKNOWN_DOCTYPE, UNKNOWN_TYPE } from './queries.mjs'

/** A wallet that holds the credentials of a Credo issuer, and a Credo verifier that accepts this issuer. */
async function holding(context, { trusted = true, configurations = ['report'] } = {}) {
  const issuer = context.use(await startIssuer({ batch: 3 }))
  const issuers = [issuer.root, issuer.iaca]
  const verifier = context.use(await startVerifier({ issuers }))
  const wallet = await newWallet(context, { issuers, relyingParties: trusted ? [verifier.root] : [] })
  const { offer, txCode } = await issuer.offer({ txCode: true, configurations })
  await wallet.receive(offer, txCode)
  return { wallet, verifier, issuer }
}

/** The DeviceResponse that our wallet answers with, and what its reader expects. */
async function ourResponse(context) {
  const { wallet, verifier, issuer } = await holding(context, { configurations: ['pid'] })
  const { request } = await verifier.request(PID, { responseMode: 'direct_post' })
  const binding = bindingOf(await readRequest(request))
  await wallet.present(request)
  const { pid: [presentation] } = verifier.answered()
  return { response: Buffer.from(presentation, 'base64url'), anchor: issuer.iaca, binding }
}

const answered = ({ prefix, responseMode }) => ({
  name: `presenting: Credo verifies our wallet's answer (${prefix}, ${responseMode})`,
  async run(context) {
    const { wallet, verifier } = await holding(context)
    const { request, id } = await verifier.request(REPORT, { prefix, responseMode })
    await wallet.present(request)
    const { state, claims, error } = await verifier.result(id)
    assert.equal(state, 'ResponseVerified', error)
    assert.equal(claims.report.family_name, CLAIMS.family_name)
    assert.equal(claims.report.report.average, CLAIMS.report.average)
    assert.equal(claims.report.given_name, undefined, 'what was not asked for stays at home')
    assert.equal(claims.report.report.title, undefined, 'what was not asked for stays at home')
  },
})

const answeredMdoc = ({ prefix, responseMode }) => ({
  name: `presenting: Credo verifies our wallet's mdoc (${prefix}, ${responseMode})`,
  async run(context) {
    const { wallet, verifier } = await holding(context, { configurations: ['pid'] })
    const { request, id } = await verifier.request(PID, { prefix, responseMode })
    await wallet.present(request)
    const { state, claims, error } = await verifier.result(id)
    assert.equal(state, 'ResponseVerified', error)
    // What was not asked for stays at home.
    assert.deepEqual(claims.pid, { [DOCTYPE]: { family_name: ELEMENTS.family_name, age_over_18: true } })
  },
})

/** A verifier that is trusted learns that the answer is no, as from a person who declines; others learn nothing. */
const refusal = (what, query, { options, trusted, configurations, told = 0 }) => ({
  name: `presenting: our wallet refuses ${what} and shows nothing`,
  async run(context) {
    const { wallet, verifier } = await holding(context, { trusted, configurations })
    const { request, id } = await verifier.request(query, options)
    await wallet.presentRefused(request)
    assert.equal(verifier.posts.length, told)
    const { state, claims } = await verifier.result(id)
    assert.doesNotMatch(state, /Response/)
    assert.equal(claims, undefined)
  },
})

export const cases = [
  ...COMBINATIONS.map(answered),
  ...COMBINATIONS.map(answeredMdoc),
  refusal('a verifier without a trusted certificate', REPORT, { trusted: false }),
  refusal('an unsigned request', REPORT, { options: { prefix: 'redirect_uri', responseMode: 'direct_post' } }),
  refusal('a request for what it does not hold', UNKNOWN_TYPE, { told: 1 }),
  refusal('a verifier of mdocs without a trusted certificate', PID, { trusted: false, configurations: ['pid'] }),
  refusal('a request for an mdoc that it does not hold', UNKNOWN_DOCTYPE, { told: 1, configurations: ['pid'] }),
  {
    name: 'presenting: Credo verifies a report and an mdoc out of our wallet in one answer',
    async run(context) {
      const { wallet, verifier } = await holding(context, { configurations: ['report', 'pid'] })
      const { request, id } = await verifier.request({ credentials: [...REPORT.credentials, ...PID.credentials] })
      await wallet.present(request)
      const { state, claims, error } = await verifier.result(id)
      assert.equal(state, 'ResponseVerified', error)
      assert.equal(claims.report.report.average, CLAIMS.report.average)
      assert.equal(claims.pid[DOCTYPE].family_name, ELEMENTS.family_name)
    },
  },
  {
    name: "presenting: @owf/mdoc and @auth0/mdl verify our wallet's answer, and refuse it spoilt",
    async run(context) {
      const { response, anchor, binding } = await ourResponse(context)
      const transcript = transcriptOf(binding)
      const expected = { [DOCTYPE]: { family_name: ELEMENTS.family_name, age_over_18: true } }
      for (const { verifyResponse } of [owf, mdl]) {
        const [{ claims }] = await verifyResponse(response, { anchor, transcript })
        assert.deepEqual(claims, expected)
        for (const [what, spoil] of Object.entries(SPOILERS)) {
          const spoilt = await edited(spoil, { rebound: false })(response)
          await refused(verifyResponse(spoilt, { anchor, transcript }), what)
        }
        for (const name of Object.keys(binding)) {
          const other = transcriptOf({ ...binding, [name]: 'another' })
          await refused(verifyResponse(response, { anchor, transcript: other }), `another ${name}`)
        }
      }
    },
  },
  {
    name: "presenting: pymdoccbor reads our wallet's answer",
    async run(context) {
      const { response, anchor } = await ourResponse(context)
      const [{ claims }] = await pymdoccbor.verifyResponse(response, { anchor })
      assert.deepEqual(claims, { [DOCTYPE]: { family_name: ELEMENTS.family_name, age_over_18: true } })
    },
  },
  {
    name: 'presenting: the copies of a batch are shown one by one, each once',
    async run(context) {
      const { wallet, verifier } = await holding(context)
      const keys = new Set()
      for (let round = 0; round < 3; round += 1) {
        const { request, id } = await verifier.request(REPORT)
        await wallet.present(request)
        const { state, claims, error } = await verifier.result(id)
        assert.equal(state, 'ResponseVerified', error)
        keys.add(JSON.stringify(claims.report.cnf.jwk))
      }
      assert.equal(keys.size, 3)
    },
  },
  {
    name: 'presenting: Credo verifies a report from our authority out of our wallet, until it is revoked',
    async run(context) {
      const authority = await startAuthority(context)
      const verifier = context.use(await startVerifier({ issuers: [authority.root] }))
      const wallet = await newWallet(context, { issuers: [authority.root], relyingParties: [verifier.root] })
      const { offer, txCode, id: record } = await authority.offer()
      await wallet.receive(offer, txCode)
      const [{ vct }] = await wallet.list()
      const query = { credentials: [{ id: 'report', format: 'dc+sd-jwt', meta: { vct_values: [vct] } }] }
      const before = await verifier.request(query)
      await wallet.present(before.request)
      const { state, error } = await verifier.result(before.id)
      assert.equal(state, 'ResponseVerified', error)

      await authority.revoke(record)
      const after = await verifier.request(query)
      // Whoever notices first may stop it: the wallet before sending, or Credo on receipt.
      await wallet.present(after.request).catch(() => {})
      assert.notEqual((await verifier.result(after.id)).state, 'ResponseVerified')
    },
  },
  {
    name: 'presenting: Credo verifies a PID from our authority out of our wallet, in the format it asks for',
    async run(context) {
      const authority = await startAuthority(context)
      const verifier = context.use(await startVerifier({ issuers: [authority.root, authority.iaca] }))
      const issuers = [authority.root, authority.iaca]
      const wallet = await newWallet(context, { issuers, relyingParties: [verifier.root] })
      const { offer, txCode } = await authority.offer('pid')
      await wallet.receive(offer, txCode)
      const asked = {
        mso_mdoc: { meta: { doctype_value: DOCTYPE }, claims: [{ path: [DOCTYPE, 'birth_date'] }] },
        'dc+sd-jwt': { meta: { vct_values: ['urn:eudi:pid:de:1'] }, claims: [{ path: ['birthdate'] }] },
      }
      const born = JSON.parse(await readFile(CARD, 'utf8')).DateOfBirth
      for (const [format, query] of Object.entries(asked)) {
        const { request, id } = await verifier.request({ credentials: [{ id: 'pid', format, ...query }] })
        await wallet.present(request)
        const { state, claims, error } = await verifier.result(id)
        assert.equal(state, 'ResponseVerified', error)
        const { birth_date, birthdate } = { ...claims.pid, ...claims.pid[DOCTYPE] }
        assert.equal(birthdate ?? birth_date.toISOString().slice(0, 10), born)
      }
    },
  },
]

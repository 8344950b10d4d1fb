// OpenID4VCI 1.0 in both directions.
import assert from 'node:assert/strict'
import { until } from '../lib/harness.mjs'
import { newWallet, startAuthority } from '../lib/mappe.mjs'
import * as cbor from '../lib/mdoc.mjs'
import { DOCTYPE, startIssuer, VCT } from '../peers/credo-issuer.mjs'
import { startWallet } from '../peers/credo-wallet.mjs'
import { verifyIssuerSigned } from '../peers/mdoc.mjs'
import { decode, isUnder, statusAt, verify } from '../peers/sdjwt.mjs'

const receives = ({ configurations = ['report'], ...options }) => async (context) => {
  const issuer = context.use(await startIssuer(options))
  const wallet = await newWallet(context, { issuers: [issuer.root, issuer.iaca] })
  const { offer, txCode, id } = await issuer.offer({ txCode: true, configurations })
  await wallet.receive(offer, txCode)
  // A list never shows values, so the type is what tells that this is the credential.
  const held = JSON.stringify(await wallet.list())
  for (const configuration of configurations) assert.ok(held.includes({ report: VCT, pid: DOCTYPE }[configuration]), held)
  // Completed only once every copy was fetched and, where a wallet sends it, the notification arrived.
  await until(async () => (await issuer.state(id)) === 'Completed', 'the issuer has handed out the credential')
}

export const cases = [
  { name: 'issuing: our wallet receives from Credo, with transaction code and three copies', run: receives({ batch: 3 }) },
  { name: 'issuing: our wallet receives from Credo without a batch', run: receives({}) },
  { name: 'issuing: our wallet receives from Credo, which demands DPoP', run: receives({ batch: 3, dpop: true }) },
  {
    name: 'issuing: our wallet receives an mdoc from Credo, three copies',
    run: receives({ batch: 3, configurations: ['pid'] }),
  },
  {
    name: 'issuing: our wallet receives a report and an mdoc from Credo in one session',
    run: receives({ batch: 2, configurations: ['report', 'pid'] }),
  },
  ...['report', 'pid'].map((configuration) => ({
    name: `issuing: our wallet refuses an issuer it does not trust (${configuration})`,
    async run(context) {
      const issuer = context.use(await startIssuer({}))
      const stranger = context.use(await startIssuer({}))
      const wallet = await newWallet(context, { issuers: [stranger.root, stranger.iaca] })
      const { offer, txCode } = await issuer.offer({ txCode: true, configurations: [configuration] })
      await assert.rejects(wallet.receive(offer, txCode), /exit 1/)
      assert.deepEqual(await wallet.list(), [])
    },
  })),
  {
    name: 'issuing: our wallet reports a wrong transaction code',
    async run(context) {
      const issuer = context.use(await startIssuer({}))
      const wallet = await newWallet(context, { issuers: [issuer.root] })
      const { offer, txCode } = await issuer.offer({ txCode: true })
      await assert.rejects(wallet.receive(offer, txCode === '0000' ? '0001' : '0000'), /exit 1/)
    },
  },
  {
    name: 'issuing: Credo receives a batch from our authority and @sd-jwt verifies every copy',
    async run(context) {
      const authority = await startAuthority(context)
      const wallet = await startWallet({ anchors: [authority.root] })
      const { offer, txCode } = await authority.offer()
      const copies = await wallet.receive(offer, { txCode })
      assert.ok(copies.length > 1, 'a batch has more than one copy')
      const holders = new Set()
      for (const copy of copies) {
        const claims = await verify(copy)
        assert.ok(isUnder(copy, authority.root), 'signed under the certificate of the authority')
        holders.add(JSON.stringify(claims.cnf.jwk))
      }
      assert.equal(holders.size, copies.length, 'each copy is bound to a key of its own')
    },
  },
  {
    name: 'issuing: Credo receives a PID in both formats from our authority in one session; @sd-jwt and @owf/mdoc verify it',
    async run(context) {
      const authority = await startAuthority(context)
      const wallet = await startWallet({ anchors: [authority.root, authority.iaca] })
      const { offer, txCode } = await authority.offer('pid')
      const copies = await wallet.receive(offer, { txCode })
      const holders = new Set()
      const found = { sdJwt: 0, mdoc: 0 }
      for (const copy of copies) {
        if (copy.includes('~')) {
          const claims = await verify(copy)
          assert.ok(isUnder(copy, authority.root), 'signed under the certificate of the authority')
          holders.add(claims.cnf.jwk.x)
          found.sdJwt += 1
        } else {
          const { docType, deviceKey } = await verifyIssuerSigned(Buffer.from(copy, 'base64url'), { anchor: authority.iaca })
          assert.equal(docType, DOCTYPE)
          holders.add(deviceKey.x)
          found.mdoc += 1
        }
      }
      assert.ok(found.sdJwt > 1 && found.mdoc === found.sdJwt, `a batch in each format: ${JSON.stringify(found)}`)
      assert.equal(holders.size, copies.length, 'each copy is bound to a key of its own')
    },
  },
  {
    name: 'issuing: @sd-jwt reads the revocation from the status list of our authority',
    async run(context) {
      const authority = await startAuthority(context)
      const wallet = await startWallet({ anchors: [authority.root] })
      const { offer, txCode, id } = await authority.offer()
      const [copy] = await wallet.receive(offer, { txCode })
      const { idx, uri } = decode(copy).payload.status.status_list
      const status = async () => {
        const response = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
        const token = await response.text()
        assert.equal(decode(token).payload.sub, uri)
        assert.ok(isUnder(token, authority.root), 'the list is signed under the certificate of the authority')
        return statusAt(token, idx)
      }
      assert.equal(await status(), 0)
      await authority.revoke(id)
      assert.equal(await status(), 1)
    },
  },
  {
    name: 'issuing: the revocation of a PID stands in the status lists of our authority, as JWT and as CWT',
    async run(context) {
      const authority = await startAuthority(context)
      const wallet = await startWallet({ anchors: [authority.root, authority.iaca] })
      const { offer, txCode, id } = await authority.offer('pid')
      const copies = await wallet.receive(offer, { txCode })
      const mdoc = copies.find((copy) => !copy.includes('~'))
      const { idx, uri } = cbor.statusOf(Buffer.from(mdoc, 'base64url'))
      const status = async () => {
        const response = await fetch(uri, { headers: { accept: 'application/statuslist+cwt' } })
        const found = cbor.statusAt(Buffer.from(await response.arrayBuffer()), idx)
        assert.equal(found.uri, uri)
        return found.status
      }
      const sdJwt = decode(copies.find((copy) => copy.includes('~'))).payload.status.status_list
      const jwt = async () => {
        const response = await fetch(sdJwt.uri, { headers: { accept: 'application/statuslist+jwt' } })
        return statusAt(await response.text(), sdJwt.idx)
      }
      assert.deepEqual([await status(), await jwt()], [0, 0])
      await authority.revoke(id)
      assert.deepEqual([await status(), await jwt()], [1, 1])
    },
  },
]

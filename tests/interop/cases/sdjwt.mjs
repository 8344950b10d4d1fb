// SD-JWT VCs in both directions between @sd-jwt and the command line.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newIssuerFiles } from '../lib/certificates.mjs'
import { refused } from '../lib/harness.mjs'
import { file, RECORD, run } from '../lib/mappe.mjs'
import { isUnder, newKeyPair, present, verify } from '../peers/sdjwt.mjs'
import { BINDING, DISCLOSED, presentation, tamperings } from './tampering.mjs'

/** Has the command line verify a presentation that @sd-jwt made and a test perhaps spoilt. */
async function judge(context, options) {
  const folder = await context.folder()
  const { compact, issuerJwk, binding } = await presentation(options)
  const { code, stdout, said } = await run('verify', '--trust', await file(folder, 'issuer.jwk', issuerJwk),
    '--nonce', binding.nonce, '--audience', binding.audience, '--json', await file(folder, 'presentation.txt', compact))
  assert.ok(stdout.startsWith('{'), said)
  return { code, said, line: JSON.parse(stdout) }
}

const refusal = (options) => ({
  name: `sdjwt: we refuse a presentation by @sd-jwt with ${options.what}`,
  async run(context) {
    const { code, line, said } = await judge(context, options)
    assert.deepEqual([code, line.verdict], [1, 'refused'], said)
    assert.ok(line.code, 'a refusal names its reason')
    return line.code
  },
})

export const cases = [
  {
    name: 'sdjwt: @sd-jwt verifies a report that we issued',
    async run(context) {
      const folder = await context.folder()
      const { key, certificate, root } = await newIssuerFiles()
      const holder = await newKeyPair()
      const out = join(folder, 'report.txt')
      const { code, said } = await run('issue', 'school-report', RECORD, '--key', await file(folder, 'key.pem', key),
        '--cert', await file(folder, 'certificate.pem', certificate),
        '--holder', await file(folder, 'holder.jwk', holder.publicJwk), '--out', out)
      assert.equal(code, 0, said)
      const compact = (await readFile(out, 'utf8')).trim()
      assert.ok(isUnder(compact, root))
      const whole = await verify(compact)
      assert.equal(whole.cnf.jwk.x, holder.publicJwk.x)
      // The same credential with key binding by the foreign holder, and nothing disclosed.
      const presentation = await present(compact, {}, { holder, ...BINDING })
      const bare = await verify(presentation, BINDING)
      assert.equal(bare.vct, whole.vct)
      assert.ok(JSON.stringify(bare).length < JSON.stringify(whole).length, 'claims of a report are disclosable')
      await refused(verify(presentation, { ...BINDING, nonce: 'another' }), 'another nonce')
    },
  },
  {
    name: 'sdjwt: we verify what @sd-jwt issued and presented',
    async run(context) {
      const { code, line, said } = await judge(context)
      assert.deepEqual([code, line.verdict], [0, 'accepted'], said)
      const { report, languages } = line.claims
      assert.deepEqual({ report, languages }, DISCLOSED)
      assert.equal(line.claims.family_name, undefined)
    },
  },
  ...tamperings.map(refusal),
]

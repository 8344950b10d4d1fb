// Interop with foreign implementations: node tests/interop/run.mjs [--self] [--list] [PART OF A CASE'S NAME]...
import { parseArgs } from 'node:util'
import { usePackages } from './lib/packages.mjs'

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { self: { type: 'boolean' }, list: { type: 'boolean' } },
})

await usePackages()

// Imported only now, because these need the packages.
const { runCases } = await import('./lib/harness.mjs')
const { requireBinary } = await import('./lib/mappe.mjs')
const self = ['self', 'self-mdoc']
const files = options.self ? self : [...self, 'issuing', 'presenting', 'verifying', 'sdjwt', 'mdoc', 'meeting', 'dcql']
const modules = await Promise.all(files.map((name) => import(`./cases/${name}.mjs`)))
const cases = modules.flatMap((module) => module.cases)

if (options.list) {
  for (const { name } of cases) console.log(name)
} else {
  if (!options.self) await requireBinary()
  const { passed, failed, skipped } = await runCases(cases, filters)
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
  // Explicit, because a peer may hold a timer; and a filter that fits nothing is a mistake, not a success.
  process.exit(failed > 0 || passed + skipped === 0 ? 1 : 0)
}

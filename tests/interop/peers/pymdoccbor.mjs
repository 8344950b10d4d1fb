// pymdoccbor from PyPI as a third foreign issuer and verifier of mdocs, where Python and its wheels are to be had. It
// judges what the issuer signed; device authentication, validity and document type it leaves aside.
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Skip } from '../lib/harness.mjs'
import { cacheDir } from '../lib/packages.mjs'

const requirements = join(import.meta.dirname, '../requirements.txt')
const script = join(import.meta.dirname, 'mdoc_command.py')

function python(args, { env, input } = {}) {
  const child = spawn('python3', args, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env } })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => { output[name] += text })
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(output.stdout) : reject(new Error(output.stderr.trim()))))
  })
}

/** Installs the package beside the others, unless it is there; a case is skipped where that cannot be done. */
async function packages() {
  const target = join(cacheDir(), 'python')
  const stamp = join(target, 'installed')
  const version = await python(['-c', 'import sys; print(sys.version)']).catch(() => { throw new Skip('Python is missing') })
  const wanted = version + await readFile(requirements, 'utf8')
  if (await readFile(stamp, 'utf8').catch(() => '') === wanted) return target
  await mkdir(target, { recursive: true })
  await python(['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes', '--upgrade',
    '--target', target, '--requirement', requirements]).catch(({ message }) => {
    throw new Skip(`pip cannot install pymdoccbor: ${message.split('\n').at(-1)}`)
  })
  await writeFile(stamp, wanted)
  return target
}

async function call(verb, question) {
  const env = { PYTHONPATH: await packages() }
  return JSON.parse(await python([script, verb], { env, input: JSON.stringify(question) }))
}

/** Issues an mdoc bound to `holder`, valid for `until` days; gives the IssuerSigned. */
export async function issue(docType, namespaces, { signer, holder, until = 30 }) {
  const day = (count) => new Date(Date.now() + count * 86_400_000).toISOString().slice(0, 10)
  const validity = { issuance_date: day(0), expiry_date: day(until) }
  const { issuerSigned } = await call('issue', { docType, namespaces, signer, holder, validity })
  return Buffer.from(issuerSigned, 'base64')
}

/** Verifies what the issuer signed in a DeviceResponse of one document and gives its claims, or throws. */
export async function verifyResponse(bytes, { anchor }) {
  const { verified, claims } = await call('verify', { response: Buffer.from(bytes).toString('base64'), anchor })
  if (!verified) throw new Error('pymdoccbor finds it invalid')
  return [{ claims }]
}

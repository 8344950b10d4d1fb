// Drives the binary `mappe` as a user would: its wallet, its two servers, its single commands.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { callJson, freePort } from './http.mjs'
import { until } from './harness.mjs'

const repository = join(import.meta.dirname, '../../..')
const binary = process.env.MAPPE_BIN || join(process.env.CARGO_TARGET_DIR || join(repository, 'target'), 'debug/mappe')
const COMMAND_LIMIT = 60_000

/** The project's own invented pupil, as the XSchule message a school office would import. */
export const RECORD = join(repository, 'examples/data/abitur.xml')

/** The identity card of an invented person, as the registry office would have read it. */
export const CARD = join(repository, 'examples/data/identity-card.json')

/** Ends the run at once, and not every case by itself, where there is nothing to test. */
export const requireBinary = () => access(binary, constants.X_OK).catch(() => {
  console.error(`${binary} is not there: run \`cargo build --bin mappe\`, or set MAPPE_BIN`)
  process.exit(1)
})

const children = new Set()
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))

function start(args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('close', () => children.delete(child))
  // A binary that cannot be started reports it here and then closes.
  child.once('error', (error) => { child.failure = new Error(`cannot run ${binary}: ${error.message}`) })
  return child
}

/** Runs one command to its end; a panic is an error whatever the exit code says. */
export async function run(...args) {
  const child = start(args)
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => { output[name] += text })
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_LIMIT)
  // Not `once` of node:events: that rejects at the 'error' event, before the output is complete.
  const [code, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)))
  clearTimeout(timer)
  if (child.failure) throw child.failure
  const said = `mappe ${args.join(' ')}\nexit ${code ?? signal}\n${output.stderr}${output.stdout}`
  assert.ok(code !== null && !output.stderr.includes('panicked at'), said)
  return { code, said, ...output }
}

/** Runs a command that must succeed and returns the JSON it prints. */
export async function json(...args) {
  const { code, stdout, said } = await run(...args, '--json')
  assert.equal(code, 0, said)
  return JSON.parse(stdout)
}

/** Writes `text` (or JSON) under `folder` and returns the path. */
export async function file(folder, name, content) {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A wallet in a folder of its own, which trusts the given PEM certificates by role. */
export async function newWallet(context, { issuers = [], relyingParties = [] } = {}) {
  const folder = await context.folder()
  const dir = join(folder, 'wallet')
  const passphrase = await file(folder, 'passphrase', 'only for this test\n')
  const common = ['wallet', '--dir', dir, '--passphrase-file', passphrase, '--dev']
  const command = (...args) => json(...common, ...args)
  await command('init')
  for (const [role, anchors] of [['issuers', issuers], ['relying-parties', relyingParties]]) {
    for (const [index, pem] of anchors.entries()) {
      await json('trust', 'add', '--dir', dir, '--role', role, await file(folder, `${role}-${index}.pem`, pem))
    }
  }
  return {
    receive: (offer, txCode) => command('receive', offer, ...(txCode ? ['--tx-code', txCode] : [])),
    list: () => command('list'),
    present: (request) => command('present', request, '--yes'),
    /** Lets the wallet wait for a reader, agreeing to everything: the text of its QR code, and what it says at the end. */
    async offerInPerson() {
      const child = start([...common, 'offer-in-person', '--yes', '--json'])
      const output = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => { output[name] += text })
      const closed = new Promise((resolve) => child.once('close', resolve))
      await until(() => output.stdout.includes('\n') || child.exitCode !== null, 'the wallet offers to be read')
      const lines = () => output.stdout.trim().split('\n')
      return {
        engagement: JSON.parse(lines()[0]).engagement,
        close: () => stop(child),
        async ended() {
          const code = await closed
          assert.ok(code !== null && !output.stderr.includes('panicked at'), output.stderr)
          return { code, ...JSON.parse(lines().at(-1)) }
        },
      }
    },
    /** Expects the wallet to say no in an orderly way: exit 1, with a reason. */
    async presentRefused(request) {
      const { code, said } = await run(...common, 'present', request, '--yes', '--json')
      assert.equal(code, 1, `expected a refusal\n${said}`)
      return said
    },
  }
}

/** Starts `mappe serve authority` or `mappe serve university` and waits until it listens. */
async function serve(context, role, args = []) {
  const data = join(await context.folder(), role)
  await mkdir(data)
  const base = `http://localhost:${await freePort()}`
  const child = start(['serve', role, '--dev', '--port', new URL(base).port, '--data', data, ...args])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text })
  context.use({ close: () => stop(child) })
  await until(() => {
    if (child.failure) throw child.failure
    if (child.exitCode !== null) throw new Error(`mappe serve ${role} ended with ${child.exitCode}\n${said}`)
    return said.includes(base) && /listening/.test(said)
  }, `mappe serve ${role} listens`)
  const token = (await readFile(join(data, 'management.token'), 'utf8')).trim()
  return {
    pem: (name) => readFile(join(data, name), 'utf8'),
    post: (path, body) => callJson(`${base}/manage/${path}`, { body, token }),
    get: (path) => callJson(`${base}/manage/${path}`, { token }),
  }
}

async function stop(child) {
  if (child.exitCode !== null || child.failure) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await closed
  clearTimeout(timer)
}

/** The authority: makes offers of the invented pupil's report and PID, and revokes what it issued. */
export async function startAuthority(context) {
  const server = await serve(context, 'authority')
  const records = { 'school-report': await readFile(RECORD, 'utf8'), pid: JSON.parse(await readFile(CARD, 'utf8')) }
  return {
    root: await server.pem('issuer-ca.pem'),
    /** The root of the document signer. */
    iaca: await server.pem('iaca.pem'),
    /** Offers a `school-report`, or a `pid` in both formats. */
    async offer(configuration = 'school-report') {
      const asked = { configuration, record: records[configuration], tx_code: true }
      const { offer, tx_code: txCode, id } = await server.post('offers', asked)
      return { offer, txCode, id }
    },
    state: (id) => server.get(`offers/${id}`),
    revoke: (id) => server.post(`records/${id}/revoke`, {}),
  }
}

/** The university: asks for credentials of the issuers under the PEM certificates `issuers`. */
export async function startUniversity(context, { issuers }) {
  const folder = await context.folder()
  const anchors = await Promise.all(issuers.map((pem, index) => file(folder, `issuer-${index}.pem`, pem)))
  const server = await serve(context, 'university', anchors.flatMap((path) => ['--trust', path]))
  return {
    root: await server.pem('access-ca.pem'),
    request: (dcql, { prefix = 'x509_hash', responseMode = 'direct_post.jwt' } = {}) =>
      server.post('requests', { dcql, response_mode: responseMode, client_id_prefix: prefix }),
    /** A request for a page of `origin` that uses the Digital Credentials API: what the browser gets, and an id. */
    pageRequest: (dcql, origin) => server.post('requests', {
      dcql, response_mode: 'dc_api', dc_api: { origins: [origin], protocol: 'openid4vp-v1-unsigned' },
    }),
    /** Hands in what the browser gave a page of `origin`. */
    pageAnswer: (id, origin, response) => server.post(`requests/${id}/dc-api`, { origin, response }),
    result: (id) => server.get(`requests/${id}`),
  }
}

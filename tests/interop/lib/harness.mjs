// Runs cases one after the other, each with a time limit, and cleans up what they started.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CASE_LIMIT = 90_000

/** Thrown by a case that cannot run here; the message says why. */
export class Skip extends Error {}

/** What a case works with: a fresh folder, and a list of things to undo at its end. */
class Context {
  #undo = []

  /** Registers `close()` of a peer or server to run at the end of the case, and returns that peer. */
  use(peer) {
    this.#undo.push(() => peer.close())
    return peer
  }

  /** A folder that lives as long as the case. */
  async folder() {
    const path = await mkdtemp(join(tmpdir(), 'mappe-interop-'))
    this.#undo.push(() => rm(path, { recursive: true, force: true }))
    return path
  }

  async close() {
    for (const undo of this.#undo.reverse()) await undo()
  }
}

/**
 * Runs every case whose name contains one of `filters`, prints a line each, and returns how many passed and failed.
 *
 * A case that fails is shown in full and run once more from scratch: peers with random keys and encodings stumble over
 * themselves once in some hundred runs, and a fault of ours fails twice.
 */
export async function runCases(cases, filters) {
  const fits = (name) => filters.some((part) => name.toLowerCase().includes(part.toLowerCase()))
  const wanted = cases.filter(({ name }) => filters.length === 0 || fits(name))
  const count = { passed: 0, failed: 0, skipped: 0 }
  for (const { name, run } of wanted) {
    const first = await runCase(name, run, count)
    if (first === undefined) continue
    console.log(`RETRY ${name}\n${explain(first)}`)
    const second = await runCase(name, run, count)
    if (second === undefined) continue
    count.failed += 1
    console.log(`FAIL ${name}\n${explain(second)}`)
  }
  return count
}

/** Runs one case; gives the error if it failed. */
async function runCase(name, run, count) {
  const context = new Context()
  const started = performance.now()
  const took = () => `(${((performance.now() - started) / 1000).toFixed(1)} s)`
  try {
    const note = await limited(run(context))
    count.passed += 1
    console.log(`ok   ${name} ${took()}${note ? `: ${note}` : ''}`)
    return undefined
  } catch (error) {
    if (!(error instanceof Skip)) return error
    count.skipped += 1
    console.log(`skip ${name}: ${error.message}`)
    return undefined
  } finally {
    await context.close()
  }
}

function limited(promise) {
  let timer
  const limit = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${CASE_LIMIT / 1000} s`)), CASE_LIMIT)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}

function explain(error) {
  const causes = []
  for (let cause = error; cause; cause = cause.cause) causes.push(cause.message ?? String(cause))
  const text = causes.join('\ncaused by: ')
  return text.split('\n').slice(0, 30).map((line) => `     ${line.slice(0, 400)}`).join('\n')
}

/** Asserts that `promise` fails; a peer that accepts what it must refuse is the worst finding of all. */
export async function refused(promise, what) {
  const outcome = await promise.then((value) => ({ value }), () => undefined)
  assert.equal(outcome, undefined, `${what} was accepted`)
}

/** Calls `probe` until it returns something truthy. */
export async function until(probe, what, limit = 20_000) {
  for (const end = Date.now() + limit; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const value = await probe()
    if (value) return value
  }
  throw new Error(`${what}: not within ${limit / 1000} s`)
}

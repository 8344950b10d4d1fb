// Installs the pinned foreign packages outside the source tree and lets every later import find them there.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { register } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const manifests = ['package.json', 'package-lock.json']
const source = join(import.meta.dirname, '..')

/** Where the packages live. */
export const cacheDir = () => join(
  process.env.MAPPE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mappe'), 'interop')

// Node looks for packages beside the importing file only, so a bare name is resolved as if the cache had imported it.
// And @owf/mdoc gets a cbor-x of its own: the tags registered there are global, and Credo registers the same ones.
const redirect = `
let parentURL
export const initialize = (url) => { parentURL = url }
export const resolve = async (name, context, next) => {
  const from = context.parentURL ?? ''
  const fromOurs = from.startsWith('file:') && !from.includes('/node_modules/')
  const found = await next(name, fromOurs && /^(@|\\w)/.test(name) && !/^\\w+:/.test(name) ? { ...context, parentURL } : context)
  const apart = found.url.includes('/cbor-x/') && (from.includes('/@owf/mdoc/') || from.endsWith('?apart'))
  return apart ? { ...found, url: found.url + '?apart' } : found
}`

/** Makes the packages importable; installs them first where the cache does not hold exactly these versions. */
export async function usePackages(log = console.log) {
  const dir = cacheDir()
  await mkdir(dir, { recursive: true })
  const wanted = (await Promise.all(manifests.map((name) => readFile(join(source, name), 'utf8')))).join('\n')
  const stamp = join(dir, 'installed')
  if (await readFile(stamp, 'utf8').catch(() => '') !== wanted) {
    log(`installing the foreign packages into ${dir}`)
    await Promise.all(manifests.map((name) => copyFile(join(source, name), join(dir, name))))
    // No install scripts: the packages run here are plain JavaScript, and nothing else of theirs is to run.
    const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
    const [code] = await once(npm, 'exit')
    if (code !== 0) throw new Error(`npm ci ended with ${code} in ${dir}`)
    await writeFile(stamp, wanted)
  }
  register(`data:text/javascript,${encodeURIComponent(redirect)}`, { data: pathToFileURL(join(dir, 'index.mjs')).href })
}

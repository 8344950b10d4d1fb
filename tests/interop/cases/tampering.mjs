// A presentation made by @sd-jwt, and every way in which a test spoils it.
import { bind, issue, newKeyPair, present } from '../peers/sdjwt.mjs'

/** What the reader of the presentations expects to be bound to. */
export const BINDING = { nonce: 'nonce-of-this-request', audience: 'x509_hash:of-this-verifier' }

const CLAIMS = {
  iss: 'https://school.example',
  vct: 'urn:example:school-report:1',
  iat: Math.floor(Date.now() / 1000) - 60,
  exp: Math.floor(Date.now() / 1000) + 3600,
  family_name: 'Muster',
  report: { average: '1,3', points: 812, subjects: [{ name: 'Mathematik', grade: 15 }, { name: 'Physik', grade: 14 }] },
  languages: ['de', 'en', 'fr'],
}
const FRAME = {
  _sd: ['family_name', 'report'],
  _sd_decoy: 2,
  report: { _sd: ['average', 'points', 'subjects'], subjects: { 0: { _sd: ['grade'] }, _sd: [0, 1] } },
  languages: { _sd: [0, 1, 2] },
}
const SHOWN = { report: { average: true, subjects: { 0: { grade: true } } }, languages: { 1: true } }

/** What a verifier has to read from the unspoilt presentation. */
export const DISCLOSED = { report: { average: '1,3', subjects: [{ name: 'Mathematik', grade: 15 }] }, languages: ['en'] }

/** Makes a presentation, spoilt by `change` or bound by `binder`; `binding` is what its reader then expects. */
export async function presentation({ change = (untouched) => untouched, binding = BINDING, binder } = {}) {
  const issuer = await newKeyPair()
  const holder = await newKeyPair()
  const compact = await present(await issue(CLAIMS, FRAME, { issuer, holder }), SHOWN, { holder, ...BINDING })
  const spoilt = await change(compact, { issuer, holder: binder ? await binder() : holder })
  return { compact: spoilt, issuerJwk: issuer.publicJwk, binding }
}

/** Lets `edit` change the list of issuer's JWT and disclosures; the key binding stays as it was, or is made anew. */
export const edited = (edit, { rebound = false } = {}) => async (presentation, made) => {
  const parts = presentation.split('~')
  const binding = parts.pop()
  const sdJwt = `${(await edit(parts, made)).join('~')}~`
  return rebound ? bind(sdJwt, { ...made, ...BINDING }) : sdJwt + binding
}

/** The tampered presentation gets a fresh, right key binding: nothing but the tampering is wrong with it. */
export const REBOUND = { rebound: true }

const swapCase = (text) => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase())

/** Everything that must be refused; @sd-jwt itself lets the `lenient` ones pass. */
export const tamperings = [
  { what: 'another nonce', binding: { ...BINDING, nonce: 'another' } },
  { what: 'another audience', binding: { ...BINDING, audience: 'another' } },
  { what: 'a disclosure cut out', change: edited((parts) => parts.slice(0, -1)) },
  { what: 'a disclosure twice', change: edited((parts) => [...parts, parts[1]], REBOUND), lenient: true },
  {
    what: 'a disclosure of another credential',
    lenient: true,
    change: edited(async (parts, made) => [...parts, (await issue(CLAIMS, FRAME, made)).split('~')[1]], REBOUND),
  },
  { what: 'no key binding', change: (presentation) => presentation.slice(0, presentation.lastIndexOf('~') + 1) },
  { what: 'the key binding of another holder', change: edited((parts) => parts, REBOUND), binder: newKeyPair },
  {
    what: 'a changed payload',
    change: edited(([jwt, ...disclosures]) => {
      const [header, payload, signature] = jwt.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url'))
      const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url')
      return [[header, later, signature].join('.'), ...disclosures]
    }, REBOUND),
  },
  {
    what: 'a changed signature',
    change: edited(([jwt, ...disclosures]) => {
      const at = jwt.search(/[A-Za-z][^.]*$/)
      return [jwt.slice(0, at) + swapCase(jwt[at]) + jwt.slice(at + 1), ...disclosures]
    }, REBOUND),
  },
]

// The credentials over which random queries are asked.

/**
 * Types and claims: objects in arrays, arrays in objects, keys that look like indexes. No empty array: there the dcql
 * package takes a wildcard as found, which OpenID4VP 1.0 §7.1.1 no. 3 calls an error (a case of `self` watches it).
 */
export const HELD = [
  {
    vct: 'urn:example:report:1',
    claims: {
      family_name: 'Muster',
      average: '1,3',
      passed: true,
      subjects: [{ name: 'Mathematik', points: 15, terms: [14, 15] }, { name: 'Physik', points: 12, terms: [12, 11] }],
    },
  },
  {
    vct: 'urn:example:report:1',
    claims: { family_name: 'Beispiel', average: '2,0', passed: true, subjects: [{ name: 'Kunst', points: 9 }] },
  },
  { vct: 'urn:example:report:1', claims: { family_name: 'Probe', passed: false, subjects: [{ points: 7 }] } },
  {
    vct: 'urn:example:pid:1',
    claims: { family_name: 'Muster', nationalities: ['DE', 'FR'], address: { locality: 'Köln', region: { code: 'NW' } } },
  },
  {
    vct: 'urn:example:pid:1',
    claims: { family_name: 'Beispiel', age_equal_or_over: { 16: true, 18: false }, nationalities: ['AT'] },
  },
]

/** A credential in the dcql package's own form. */
export const record = ({ vct, claims }) =>
  ({ credential_format: 'dc+sd-jwt', vct, claims: { vct, ...claims }, cryptographic_holder_binding: true })

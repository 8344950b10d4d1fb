// Random DCQL queries from a seed: the same seed gives the same queries, so a finding can be repeated.

/** A generator of numbers in [0, 1) (mulberry32). */
export function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Makes valid queries over `credentials` (records with vct and claims): most almost fit, and about half do. */
export function queries(next, credentials) {
  const chance = (probability) => next() < probability
  const below = (limit) => Math.floor(next() * limit)
  const pick = (list) => list[below(list.length)]
  const some = (list) => list.filter(() => chance(0.6))
  const times = (count, make) => Array.from({ length: count }, (_, index) => make(index))

  /** Walks into the claims; now and then it takes every element, or turns to something that is not there. */
  function path(value) {
    if (typeof value !== 'object' || chance(0.2)) return { path: [], value }
    if (chance(0.06)) return { path: [Array.isArray(value) ? value.length : 'absent'], value: undefined }
    const key = Array.isArray(value) ? below(value.length) : pick(Object.keys(value))
    const inner = path(value[key])
    return { path: [Array.isArray(value) && chance(0.4) ? null : key, ...inner.path], value: inner.value }
  }

  function claim(claims, index) {
    const name = pick(Object.keys(claims))
    const inner = path(claims[name])
    const primitive = ['string', 'number', 'boolean'].includes(typeof inner.value)
    return {
      id: `c${index}`,
      path: [name, ...inner.path],
      ...(primitive && chance(0.4) && { values: chance(0.8) ? [inner.value, 'other'] : ['nothing holds this'] }),
    }
  }

  function credential(index) {
    const { vct, claims } = pick(credentials)
    const asked = times(below(4), (number) => claim(claims, number))
    const sets = times(1 + below(3), () => some(asked).map(({ id }) => id)).filter((set) => set.length > 0)
    return {
      id: `q${index}`,
      format: 'dc+sd-jwt',
      meta: { vct_values: chance(0.9) ? [vct, 'urn:example:other'] : ['urn:example:other'] },
      ...(chance(0.3) && { multiple: true }),
      ...(asked.length > 0 && { claims: asked }),
      ...(asked.length > 1 && sets.length > 0 && chance(0.5) && { claim_sets: sets }),
    }
  }

  return function query() {
    const asked = times(1 + below(3), credential)
    const options = () => times(1 + below(2), () => some(asked).map(({ id }) => id)).filter((option) => option.length > 0)
    const sets = times(1 + below(2), () => ({ options: options(), ...(chance(0.3) && { required: false }) }))
      .filter((set) => set.options.length > 0)
    return { credentials: asked, ...(sets.length > 0 && chance(0.5) && { credential_sets: sets }) }
  }
}

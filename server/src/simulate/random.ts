/** Seeded randomness: the same seed and the same questions give the same answers, on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [0, count). */
  below(count: number): number
  between(low: number, high: number): number
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
  /** Normal with mean 0 and deviation 1. */
  normal(): number
  /** Log-normal with this median; `spread` is the deviation of the logarithm. */
  logNormal(median: number, spread: number): number
  exponential(mean: number): number
  poisson(mean: number): number
  base62(length: number): string
  bytes(count: number): Uint8Array
  /** Randomness of its own for a part, so that a change in one part leaves the others as they were. */
  fork(label: string): Random
}

/** sfc32 by Chris Doty-Humphrey (PractRand), begun from a hash of the seed. */
export function createRandom(seed: string | number): Random {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, hashOf(String(seed))]
  for (let i = 0; i < 15; i++) word()

  function word(): number {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  const next = (): number => word() / 0x1_0000_0000
  const below = (count: number): number => Math.floor(next() * count)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())

  function pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new TypeError('list: expected at least one element')
    return list[below(list.length)] as T
  }

  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    chance: (share) => next() < share,
    pick,
    normal,
    logNormal: (median, spread) => median * Math.exp(spread * normal()),
    exponential: (mean) => -mean * Math.log(1 - next()),
    poisson: (mean) => (mean > 30 ? Math.max(0, Math.round(mean + Math.sqrt(mean) * normal())) : smallPoisson(mean, next)),
    base62: (length) => Array.from({ length }, () => DIGITS.charAt(below(62))).join(''),
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
    fork: (label) => createRandom(`${seed}/${label}`),
  }
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Knuth's product of uniforms; quick where the mean is small. */
function smallPoisson(mean: number, next: () => number): number {
  const floor = Math.exp(-mean)
  let count = 0
  for (let product = next(); product > floor; product *= next()) count++
  return count
}

/** FNV-1a with a final mix. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

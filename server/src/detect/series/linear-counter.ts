/** Distinct values of a bucket, by linear counting (Whang 1990) in 1,024 bits: within a few percent up to some thousands; sets unite. */
export type LinearCounter = Uint32Array

const WORDS = 32
const BITS = WORDS * 32

export function blankCounter(): LinearCounter {
  return new Uint32Array(WORDS)
}

/** `hash` spreads over 64 bits already, as keyed networks do. */
export function countValue(counter: LinearCounter, hash: bigint): void {
  const bit = Number((hash ^ (hash >> 32n)) & BigInt(BITS - 1))
  counter[bit >> 5] = (counter[bit >> 5] ?? 0) | (1 << (bit & 31))
}

export function unite(into: LinearCounter, from: LinearCounter): void {
  for (let i = 0; i < WORDS; i++) into[i] = (into[i] ?? 0) | (from[i] ?? 0)
}

export function distinctOf(counter: LinearCounter): number {
  let zeros = BITS
  for (let word of counter) for (; word !== 0; word &= word - 1) zeros--
  return Math.round(BITS * Math.log(BITS / Math.max(zeros, 0.5)))
}

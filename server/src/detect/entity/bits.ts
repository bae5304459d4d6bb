import type { Field } from './table.ts'
import { mix } from './table.ts'

/** A 32-bit hash of a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash, text.length)
}

/** Notes a hash in a bitmap of `count` 32-bit words for counting distinct ones; true when its bit was not set. */
export function mark(words: Field, row: number, count: number, hash: number): boolean {
  const bit = mix(hash, 0x51ed270b) % (count * 32)
  const word = words.get(row, bit >>> 5)
  const flag = (1 << (bit & 31)) >>> 0
  if ((word & flag) !== 0) return false
  words.set(row, (word | flag) >>> 0, bit >>> 5)
  return true
}

/** How many distinct hashes a bitmap holds, by linear counting (Whang, Vander-Zanden, Taylor 1990). */
export function distinctIn(words: Field, row: number, count: number): number {
  let set = 0
  for (let i = 0; i < count; i++) set += ones(words.get(row, i))
  return linearCount(set, count * 32)
}

/** Distinct ones that set so many of so many bits. A full bitmap counts as one bit short of full. */
export function linearCount(set: number, bits: number): number {
  return Math.round(bits * Math.log(bits / (bits - Math.min(set, bits - 1))))
}

/** Notes a hash in a Bloom filter with two bits each; true when it was certainly not there. */
export function bloomAdd(words: Field, row: number, count: number, hash: number): boolean {
  const first = bloomBit(words, row, count, mix(hash, 1))
  const second = bloomBit(words, row, count, mix(hash, 2))
  return first || second
}

/** May a Bloom filter hold this hash? */
export function bloomHas(words: Field, row: number, count: number, hash: number): boolean {
  return isSet(words, row, count, mix(hash, 1)) && isSet(words, row, count, mix(hash, 2))
}

function bloomBit(words: Field, row: number, count: number, hash: number): boolean {
  const bit = hash % (count * 32)
  const word = words.get(row, bit >>> 5)
  const flag = (1 << (bit & 31)) >>> 0
  words.set(row, (word | flag) >>> 0, bit >>> 5)
  return (word & flag) === 0
}

function isSet(words: Field, row: number, count: number, hash: number): boolean {
  const bit = hash % (count * 32)
  return (words.get(row, bit >>> 5) & (1 << (bit & 31))) !== 0
}

/** Share of bits that are set. */
export function fill(words: Field, row: number, count: number): number {
  let set = 0
  for (let i = 0; i < count; i++) set += ones(words.get(row, i))
  return set / (count * 32)
}

/** Sets all words to nothing. */
export function clear(words: Field, row: number, count: number): void {
  for (let i = 0; i < count; i++) words.set(row, 0, i)
}

/** How many bits of a word are set. */
export function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

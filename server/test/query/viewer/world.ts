import { type Bucket, HOUR_MS } from '../../../src/query/viewer/buckets.ts'
import type { Cell } from '../../../src/query/viewer/suppress.ts'

/** Random numbers that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const CELLS = [
  'accepted:access',
  'accepted:action',
  'accepted:validation',
  'forbidden:access',
  'invalid:access',
  'invalid:action',
  'throttled:access',
] as const
export const START = Date.UTC(2026, 10, 2)

/** Who may do what, and what each did in each hour. The attacker knows the first. */
export interface World {
  readonly hours: number
  /** Owners of each cell, by its key. */
  readonly members: ReadonlyMap<string, readonly string[]>
  /** `hour cell owner` → attempts; nothing for who was not there. */
  readonly counts: ReadonlyMap<string, number>
}

/** Groups of all sizes, or one small one among large ones; who is there is even; how much somebody does differs as wildly as with real integrations. */
export function worldOf(random: () => number, o: { readonly hours?: number } = {}): World {
  const hours = o.hours ?? 3
  const members = new Map<string, readonly string[]>()
  const alone = random() < 0.6 ? 1 + Math.floor(random() * (CELLS.length - 1)) : 0
  const sizeOf = (at: number): number => {
    if (at === 0) return 20 + Math.floor(random() * 40)
    if (alone === 0) return Math.floor(random() ** 2 * 45)
    return at === alone ? 1 + Math.floor(random() ** 2 * 9) : random() < 0.4 ? 0 : 24 + Math.floor(random() * 30)
  }
  for (const [at, cell] of CELLS.entries()) {
    const size = sizeOf(at)
    const people = Array.from({ length: size }, (_, i) => String(1_000 * (at % 3) + Math.floor(random() * 90) + i))
    members.set(cell, [...new Set(people)])
  }
  const counts = new Map<string, number>()
  for (let hour = 0; hour < hours; hour++)
    for (const [cell, people] of members)
      for (const owner of people) if (random() < 0.5) counts.set(`${hour} ${cell} ${owner}`, amountOf(random))
  return { hours, members, counts }
}

/** Log-normal, from 1 to a few hundred. */
export function amountOf(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.max(1, Math.round(Math.exp(2 + 1.2 * normal)))
}

/** What the store counts of a world, by the hour. */
export function bucketsOf({ hours, members, counts }: World): readonly Bucket[] {
  return Array.from({ length: hours }, (_, hour) => {
    const cells: Cell[] = []
    for (const [key, people] of members) {
      const there = people.filter((owner) => counts.has(`${hour} ${key} ${owner}`))
      const count = there.reduce((sum, owner) => sum + (counts.get(`${hour} ${key} ${owner}`) ?? 0), 0)
      if (there.length > 0) cells.push({ key, count, members: there.slice(0, 32) })
    }
    return { tenantNo: 1, at: START + hour * HOUR_MS, hours: 1 as const, cells }
  })
}

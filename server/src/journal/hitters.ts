import { addToSketch, distinctOf, emptySketch, mergeSketch, sketchOf, sketchText } from './distinct.ts'
import type { Sketch } from './distinct.ts'

/**
 * The most frequent of many fingerprints, in a list of eight (Metwally et al. 2005, SpaceSaving). A fingerprint stands here
 * by its first eight bytes, read little-endian. `count − error` is never more than the truth.
 */
export interface Hitters {
  readonly low: number[]
  readonly high: number[]
  readonly counts: number[]
  readonly errors: number[]
  /** Made when the list first overflows; until then the list itself knows all there were. */
  sketch: Sketch | undefined
}

const HITTERS_MAX = 8

export function createHitters(): Hitters {
  return { low: [], high: [], counts: [], errors: [], sketch: undefined }
}

/** Counts one fingerprint. The zero fingerprint stands for none and is not counted. */
export function hit(hitters: Hitters, low: number, high: number): void {
  if (low === 0 && high === 0) return
  if (hitters.sketch) addToSketch(hitters.sketch, low, high)
  const at = indexOf(hitters, low, high)
  if (at >= 0) hitters.counts[at] = (hitters.counts[at] ?? 0) + 1
  else if (hitters.counts.length < HITTERS_MAX) enlist(hitters, low, high, 1)
  else replaceSmallest(hitters, low, high)
}

/** The list as a row holds it: most frequent first, counts as lower bounds. */
export function topOf(hitters: Hitters): { readonly fingerprints: readonly bigint[]; readonly counts: readonly number[] } {
  const counts = hitters.counts.map((count, i) => count - (hitters.errors[i] ?? 0))
  const order = [...counts.keys()].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0))
  return {
    fingerprints: order.map((i) => BigInt(hitters.high[i] ?? 0) * 0x1_0000_0000n + BigInt(hitters.low[i] ?? 0)),
    counts: order.map((i) => counts[i] ?? 0),
  }
}

/** How many different fingerprints: exact while the list holds them all, else an estimate. */
export function distinctHitters({ sketch, counts }: Hitters): number {
  return sketch ? Math.max(HITTERS_MAX + 1, distinctOf(sketch)) : counts.length
}

/** What must travel with the list so that lists can be merged; empty while the list holds them all. */
export function hittersText({ sketch }: Hitters): string {
  return sketch ? JSON.stringify({ sketch: sketchText(sketch) }) : ''
}

/** Adds a list that was written as `topOf` and `hittersText`. Lower bounds add up to lower bounds. */
export function mergeHitters(into: Hitters, fingerprints: readonly bigint[], counts: readonly number[], text: string): void {
  const prints = fingerprints.map((print) => [Number(print & 0xffff_ffffn), Number(print >> 32n)] as const)
  if (text !== '') mergeSketch(sketchFor(into), sketchOf((JSON.parse(text) as { sketch: string }).sketch))
  prints.forEach(([low, high], i) => {
    if (into.sketch) addToSketch(into.sketch, low, high)
    const at = indexOf(into, low, high)
    if (at >= 0) into.counts[at] = (into.counts[at] ?? 0) + (counts[i] ?? 0)
    else enlist(into, low, high, counts[i] ?? 0)
  })
  if (into.counts.length > HITTERS_MAX) keepLargest(into)
}

function indexOf({ low: lows, high: highs }: Hitters, low: number, high: number): number {
  for (let i = 0; i < lows.length; i++) if (lows[i] === low && highs[i] === high) return i
  return -1
}

function enlist({ low: lows, high: highs, counts, errors }: Hitters, low: number, high: number, count: number): void {
  lows.push(low)
  highs.push(high)
  counts.push(count)
  errors.push(0)
}

function replaceSmallest(hitters: Hitters, low: number, high: number): void {
  addToSketch(sketchFor(hitters), low, high)
  let smallest = 0
  for (let i = 1; i < HITTERS_MAX; i++) if ((hitters.counts[i] ?? 0) < (hitters.counts[smallest] ?? 0)) smallest = i
  const floor = hitters.counts[smallest] ?? 0
  hitters.low[smallest] = low
  hitters.high[smallest] = high
  hitters.counts[smallest] = floor + 1
  hitters.errors[smallest] = floor
}

function sketchFor(hitters: Hitters): Sketch {
  if (hitters.sketch) return hitters.sketch
  const sketch = (hitters.sketch = emptySketch())
  hitters.low.forEach((low, i) => addToSketch(sketch, low, hitters.high[i] ?? 0))
  return sketch
}

function keepLargest(hitters: Hitters): void {
  sketchFor(hitters)
  const order = [...hitters.counts.keys()]
    .sort((a, b) => (hitters.counts[b] ?? 0) - (hitters.counts[a] ?? 0))
    .slice(0, HITTERS_MAX)
  for (const list of [hitters.low, hitters.high, hitters.counts, hitters.errors]) {
    list.splice(0, list.length, ...order.map((i) => list[i] ?? 0))
  }
}

import type { Milliseconds } from 'tokentrail'
import type { Random } from './random.ts'
import type { Rhythm, RhythmName } from './rhythm.ts'

/** So many moments in a stretch of time, in order. */
export function spread(random: Random, count: number, from: Milliseconds, to: Milliseconds): readonly Milliseconds[] {
  return Array.from({ length: count }, () => Math.floor(random.between(from, to))).sort((a, b) => a - b)
}

/** One moment after each step, a little off the beat. */
export function everyMs(random: Random, stepMs: number, from: Milliseconds, to: Milliseconds): readonly Milliseconds[] {
  return Array.from({ length: Math.floor((to - from) / stepMs) }, (_, i) =>
    Math.floor(from + i * stepMs + random.between(0, stepMs / 150)),
  )
}

/** So many moments, falling as a rhythm has it: at the hours at which its owners are awake. */
export function rhythmic(
  random: Random,
  { rhythm, name, count, from, to }: { rhythm: Rhythm; name: RhythmName; count: number; from: Milliseconds; to: Milliseconds },
): readonly Milliseconds[] {
  const moments: Milliseconds[] = []
  for (let tries = 0; moments.length < count && tries < count * 200; tries++) {
    const at = Math.floor(random.between(from, to))
    if (random.chance(rhythm(name, at) / RHYTHM_MAX)) moments.push(at)
  }
  return moments.sort((a, b) => a - b)
}

/** No rhythm is busier than this at any hour, against its mean. */
const RHYTHM_MAX = 17

import type { Beat } from '../beat.ts'
import { SERVICES } from '../cast.ts'
import { DAY_MS, HOUR_MS } from '../rhythm.ts'
import { FURTHER_PLACES } from '../world/places.ts'
import { everyMs, spread } from '../times.ts'
import type { Scenario, Stage } from './attack.ts'
import { abroad, misuse, TOOLS, tryUnknown, type Host } from './moves.ts'

const MINUTE_MS = 60_000

/** Guessing, spraying, stuffing, and floods that hide one success. */
export const GUESSING = {
  guessing: {
    about: 'one source tries texts that look like tokens',
    slowDays: 5,
    tell: {
      overt: ({ random, from, prey }) => {
        const host = abroad(prey.no(), random)
        const [service] = SERVICES
        const beats = spread(random, 900, from, from + 4 * MINUTE_MS).map((at, i) =>
          tryUnknown(random, at, host, {
            ...(service && { service }),
            reason: i > 500 && random.chance(0.8) ? 'limit_source' : junk(random),
          }),
        )
        return { beats }
      },
      slow: ({ random, from, until, prey }) => {
        const host = abroad(prey.no(), random)
        return { beats: everyMs(random, 10 * MINUTE_MS, from, until).map((at) => tryUnknown(random, at, host)) }
      },
    },
  },

  spraying: {
    about: 'many sources try a few texts each',
    slowDays: 26,
    tell: {
      overt: ({ random, from, prey }) => {
        const agent = random.pick(TOOLS)
        const first = prey.no()
        const beats = Array.from({ length: 300 }, (_, i) => {
          const host = { ip: FURTHER_PLACES.abroad(first + i, i * 3), agent }
          return spread(random, 3, from, from + 10 * MINUTE_MS).map((at) => tryUnknown(random, at, host))
        })
        return { beats: beats.flat() }
      },
      slow: ({ random, from, until, prey }) => {
        const agent = random.pick(TOOLS)
        const beats = dayByDay(from, until).flatMap((day) =>
          Array.from({ length: 5 }, () => {
            const host = abroad(prey.no(), random, agent)
            return spread(random, 4, day, day + DAY_MS).map((at) => tryUnknown(random, at, host))
          }).flat(),
        )
        return { beats }
      },
    },
  },

  stuffing: {
    about: 'a leaked list is tried, in which some tokens are alive',
    slowDays: 21,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const hosts = Array.from({ length: 8 }, () => abroad(prey.no(), random))
        const beats = spread(random, 480, from, from + 30 * MINUTE_MS).map((at) => tryUnknown(random, at, random.pick(hosts)))
        const hits = Array.from({ length: 4 }, () => prey.victim(from, until)).map((victim) =>
          misuse(
            story,
            random,
            victim,
            Math.floor(random.between(from + 10 * MINUTE_MS, from + 30 * MINUTE_MS)),
            random.pick(hosts),
          ),
        )
        return { beats: [...beats, ...hits] }
      },
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const home = (): Host => ({ ip: FURTHER_PLACES.home(random.below(35), random.below(250)), agent: random.pick(TOOLS) })
        const beats = dayByDay(from, until).flatMap((day) =>
          spread(random, 3, day, day + DAY_MS).map((at) => tryUnknown(random, at, home())),
        )
        const hits = [8, 15].map((days) => {
          const at = from + days * DAY_MS
          const host = home()
          const victim = prey.victim(from, until)
          return [tryUnknown(random, at, host), misuse(story, random, victim, at + 40_000, host)]
        })
        return { beats: [...beats, ...hits.flat()] }
      },
    },
  },

  'known id': {
    about: 'secrets are tried on one public id that stands in a log',
    slowDays: 10,
    tell: {
      overt: (stage) => ({ beats: secretsTried(stage, 300, HOUR_MS / 2) }),
      slow: (stage) => ({ beats: secretsTried(stage, 60, stage.until - stage.from) }),
    },
  },

  'buried hit': {
    about: 'a flood of junk in which one stolen token is used',
    slowDays: 7,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const host = abroad(prey.no(), random)
        const flood = Array.from({ length: 120 }, (_, i): Beat => ({
          ...tryUnknown(random, from + i * 1_000, host),
          flood: { count: 20_000 + random.below(4_000), spanMs: 1_000 },
        }))
        const victim = prey.victim(from, until)
        const hits = spread(random, 3, from + 60_000, from + 100_000).map((at) => misuse(story, random, victim, at, host))
        return { beats: [...flood, ...hits] }
      },
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const noise = dayByDay(from, until).flatMap((day) =>
          spread(random, 220, day, day + DAY_MS).map((at) => tryUnknown(random, at, abroad(random.below(180), random))),
        )
        const thief = abroad(prey.no(), random)
        const victim = prey.victim(from, until)
        const hits = spread(random, 9, from + DAY_MS, until).map((at) => misuse(story, random, victim, at, thief))
        return { beats: [...noise, ...hits] }
      },
    },
  },

  framing: {
    about: "an attempt to have a stranger's token suspended by making it look bad",
    slowDays: 10,
    tell: {
      overt: (stage) => frame(stage, 500, HOUR_MS),
      slow: (stage) => frame(stage, 240, stage.until - stage.from),
    },
  },
} as const satisfies Record<string, Scenario>

function junk(random: Stage['random']): 'unknown' | 'malformed' | 'bad_checksum' {
  return random.pick(['unknown', 'unknown', 'unknown', 'malformed', 'bad_checksum'] as const)
}

/** Begins of the days in a stretch. */
export function dayByDay(from: number, until: number): readonly number[] {
  return Array.from({ length: Math.floor((until - from) / DAY_MS) }, (_, i) => from + i * DAY_MS)
}

function secretsTried({ random, from, until, prey }: Stage, count: number, lastingMs: number): readonly Beat[] {
  const { token } = prey.victim(from, until)
  const host = abroad(prey.no(), random)
  return spread(random, count, from, from + lastingMs).map((at) =>
    tryUnknown(random, at, host, { reason: 'wrong_secret', claimed: token }),
  )
}

/** Whoever knows only the public id cannot do more than name it, from wherever. */
function frame(
  { random, from, until, prey }: Stage,
  count: number,
  lastingMs: number,
): { beats: readonly Beat[]; framed: number } {
  const { token } = prey.victim(from, until)
  const hosts = Array.from({ length: 40 }, () => abroad(prey.no(), random))
  const beats = spread(random, count, from, from + lastingMs).map((at) =>
    tryUnknown(random, at, random.pick(hosts), { reason: 'wrong_secret', claimed: token }),
  )
  return { beats, framed: token }
}

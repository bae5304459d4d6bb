import type { Beat } from '../beat.ts'
import { DAY_MS, HOUR_MS } from '../rhythm.ts'
import type { Moment } from '../deed.ts'
import { rhythmic, spread } from '../times.ts'
import type { Assault, Scenario, Stage } from './attack.ts'
import { dayByDay } from './guessing.ts'
import { abroad, misuse, probe, type Host } from './moves.ts'
import type { Victim } from './prey.ts'

const MINUTE_MS = 60_000

/** Tokens that are used from where they should be, for what they should not: copying data, probing, wearing out limits. */
export const ABUSE = {
  exfiltration: {
    about: 'data is copied out with a token that may read it, from its own host',
    slowDays: 21,
    tell: {
      overt: (stage) => {
        const victim = stage.prey.victim(stage.from, stage.until)
        const count = Math.min(6_000, Math.max(600, Math.round((victim.caller.perDay / 24) * 50)))
        return { beats: more(stage, victim, count, stage.from, stage.from + HOUR_MS) }
      },
      /** Three per cent of the day's usual more, every day. */
      slow: (stage) => ramp(stage, 0.03),
    },
  },

  poisoning: {
    about: 'traffic is raised little by little to teach the baseline, and then used',
    slowDays: 26,
    tell: {
      overt: (stage) => {
        const { from } = stage
        const victim = stage.prey.victim(from, stage.until)
        const hours = Array.from({ length: 12 }, (_, i) => i)
        return {
          beats: hours.flatMap((i) =>
            more(
              stage,
              victim,
              Math.round((Math.max(120, victim.caller.perDay) / 24) * 1.5 ** i),
              from + i * HOUR_MS,
              from + (i + 1) * HOUR_MS,
            ),
          ),
        }
      },
      slow: (stage) => {
        const { from, until } = stage
        const victim = stage.prey.victim(from, until)
        const perDay = Math.max(60, victim.caller.perDay)
        const days = dayByDay(from, until - 2 * DAY_MS)
        const rise = days.flatMap((day, i) => more(stage, victim, Math.round(perDay * (1.02 ** i - 1)), day, day + DAY_MS))
        return { beats: [...rise, ...more(stage, victim, Math.round(perDay * 4), until - 2 * DAY_MS, until - DAY_MS)] }
      },
    },
  },

  'scope probing': {
    about: 'a thief finds out what a token may do',
    slowDays: 14,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const host = abroad(prey.no(), random)
        return { beats: spread(random, 100, from, from + MINUTE_MS).map((at) => probe(story, random, victim, at, host)) }
      },
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const host: Host = { ip: victim.ip, agent: victim.agent }
        return {
          beats: dayByDay(from, until).flatMap((day) =>
            spread(random, 2, day, day + DAY_MS).map((at) => probe(story, random, victim, at, host)),
          ),
        }
      },
    },
  },

  harvest: {
    about: 'one source uses tokens of many owners, taken from a place where all lay together',
    slowDays: 20,
    tell: {
      overt: (stage) => ({ beats: harvest(stage, 30, HOUR_MS, 3) }),
      slow: (stage) => ({ beats: harvest(stage, 18, stage.until - stage.from, 4) }),
    },
  },

  'limit denial': {
    about: 'a stolen token is used up so that its owner meets the limit',
    slowDays: 7,
    tell: {
      overt: (stage) => exhaust(stage, [stage.from], 2 * HOUR_MS),
      slow: (stage) =>
        exhaust(
          stage,
          dayByDay(stage.from, stage.until).map((day) => day + 10 * HOUR_MS),
          5 * MINUTE_MS,
        ),
    },
  },
} as const satisfies Record<string, Scenario>

/** Further calls of the owner's own host, at its hours. */
function more({ story, random }: Stage, victim: Victim, count: number, from: number, to: number): readonly Beat[] {
  const host = { ip: victim.ip, agent: victim.agent }
  const moments =
    to - from < DAY_MS
      ? spread(random, count, from, to)
      : rhythmic(random, { rhythm: story.rhythm, name: victim.caller.rhythm, count, from, to })
  return moments.map((at) => misuse(story, random, victim, at, host))
}

function ramp(stage: Stage, share: number): Assault {
  const { from, until, prey } = stage
  const victim = prey.victim(from, until)
  const perDay = Math.max(60, victim.caller.perDay)
  return {
    beats: dayByDay(from, until).flatMap((day, i) =>
      more(stage, victim, Math.round(perDay * share * (i + 1)), day, day + DAY_MS),
    ),
  }
}

function harvest({ story, random, from, until, prey }: Stage, owners: number, lastingMs: number, uses: number): readonly Beat[] {
  const host = abroad(prey.no(), random)
  const seen = new Set<string>()
  const victims = story.callers.filter(({ ownerId, tenures, from: begun, until: ended }) => {
    if (seen.has(ownerId) || tenures.length > 1 || begun > from || ended < until) return false
    return seen.add(ownerId)
  })
  return victims.slice(0, owners).flatMap((caller, i) => {
    const begin = from + (i * lastingMs) / owners
    const victim = { token: caller.tenures[0]?.token ?? 0, routes: caller.routes }
    return spread(random, uses, begin, begin + lastingMs / owners).map((at) => misuse(story, random, victim, at, host))
  })
}

/** Episodes in which the thief takes the owner's allowance and both are refused. */
function exhaust({ story, random, from, until, prey }: Stage, begins: readonly number[], lastingMs: number): Assault {
  const victim = prey.victim(from, until)
  const host = abroad(prey.no(), random, victim.agent)
  const { token } = victim
  const beats = begins.flatMap((begin) =>
    spread(random, Math.round(lastingMs / 4_000), begin, begin + lastingMs).map((at): Beat => {
      const beat = misuse(story, random, victim, at, host)
      return beat.reason === 'valid' && random.chance(0.7) ? { ...beat, reason: 'limit_token' } : beat
    }),
  )
  const moments = begins.flatMap((begin): Moment[] => [
    { at: Math.floor(begin + 1_000), type: 'limit.entered', token, detail: { windowMs: 60_000 } },
    { at: Math.floor(begin + lastingMs), type: 'limit.left', token, detail: { rejected: Math.round((lastingMs / 4_000) * 0.7) } },
  ])
  return { beats, moments }
}

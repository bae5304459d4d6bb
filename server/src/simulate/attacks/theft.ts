import type { Beat } from '../beat.ts'
import { DAY_MS, HOUR_MS } from '../rhythm.ts'
import type { EndingReason } from 'tokentrail'
import { rotate, type Caller } from '../story.ts'
import { FURTHER_PLACES, neighbourOf } from '../world/places.ts'
import { rhythmic, spread } from '../times.ts'
import type { Assault, Scenario, Stage } from './attack.ts'
import { dayByDay } from './guessing.ts'
import { abroad, misuse, reachable, TOOLS, type Host } from './moves.ts'
import type { Victim } from './prey.ts'

const MINUTE_MS = 60_000

/** Stolen tokens in use: abroad, beside their owner, passed around, after their end, and out of sleep. */
export const THEFT = {
  'stolen abroad': {
    about: 'a stolen token is used from elsewhere',
    slowDays: 14,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const host = abroad(prey.no(), random)
        return { beats: spread(random, 180, from, from + 2 * HOUR_MS).map((at) => misuse(story, random, victim, at, host)) }
      },
      /** From the owner's own country, with the same client, at the owner's hours. */
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const host = { ip: FURTHER_PLACES.home(prey.no(), 9), agent: victim.agent }
        const { rhythm } = story
        return {
          beats: rhythmic(random, { rhythm, name: victim.caller.rhythm, count: 60, from, to: until }).map((at) =>
            misuse(story, random, victim, at, host),
          ),
        }
      },
    },
  },

  'own cloud': {
    about: "a thief rents a machine in the owner's own cloud",
    slowDays: 10,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until, inDatacentre)
        const host = { ip: neighbourOf(victim.ip, 3, 77), agent: random.pick(TOOLS) }
        return { beats: spread(random, 150, from, from + HOUR_MS).map((at) => misuse(story, random, victim, at, host)) }
      },
      /** In the same network, with the same client; only what is asked for differs. */
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until, inDatacentre)
        const host = { ip: neighbourOf(victim.ip, 0, 201), agent: victim.agent }
        const unusual = { ...victim, routes: reachable(victim.plan.scopes) }
        return { beats: spread(random, 80, from, until).map((at) => misuse(story, random, unusual, at, host)) }
      },
    },
  },

  published: {
    about: 'a token stands on a public page and is picked up by many',
    slowDays: 26,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const hosts = Array.from({ length: 80 }, () => abroad(prey.no(), random))
        const beats = hosts.flatMap((host) =>
          spread(random, 1 + random.below(4), from, from + HOUR_MS).map((at) => misuse(story, random, victim, at, host)),
        )
        return { beats }
      },
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const beats = spread(random, Math.round(((until - from) / DAY_MS / 7) * 2), from, until - HOUR_MS).flatMap((begin) => {
          const host = abroad(prey.no(), random)
          return spread(random, 3, begin, begin + HOUR_MS).map((at) => misuse(story, random, victim, at, host))
        })
        return { beats }
      },
    },
  },

  'copy beside': {
    about: 'a copy of a token is used beside the original',
    slowDays: 8,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const host = abroad(prey.no(), random, victim.agent)
        const beats = spread(random, 60, from, from + HOUR_MS).flatMap((at) => [
          misuse(story, random, victim, at, host),
          misuse(story, random, victim, at + 20_000 + random.below(30_000), { ip: victim.ip, agent: victim.agent }),
        ])
        return { beats }
      },
      /** Only while the owner sleeps. */
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until, ({ rhythm }) => rhythm === 'office' || rhythm === 'consumer')
        const host = { ip: neighbourOf('198.18.60.1', 1 + random.below(20), prey.no()), agent: victim.agent }
        const beats = spread(random, 140, from, until)
          .filter((at) => story.rhythm('office', at) < 0.12)
          .map((at) => misuse(story, random, victim, at, host))
        return { beats }
      },
    },
  },

  'after the end': {
    about: 'somebody goes on with a token that was revoked or rotated',
    slowDays: 10,
    tell: {
      overt: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        revoke(stage, victim, 'leaked')
        const host = abroad(prey.no(), random)
        return {
          beats: spread(random, 120, from + MINUTE_MS, from + 2 * HOUR_MS).map((at) => misuse(story, random, victim, at, host)),
        }
      },
      /** One probe a day, after a rotation that seemed to go well. */
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.victim(from, until)
        const graceUntil = from + HOUR_MS
        rotate(
          story,
          random,
          victim.caller,
          { at: Math.round(from - DAY_MS), graceUntil: Math.round(graceUntil), by: 'person' },
          from - DAY_MS / 2,
        )
        const host = abroad(prey.no(), random, victim.agent)
        const beats = dayByDay(graceUntil + HOUR_MS, until).map((day) =>
          misuse(story, random, victim, Math.floor(day + random.between(0, DAY_MS / 2)), host),
        )
        return { beats }
      },
    },
  },

  'sleeper awakened': {
    about: 'a token forgotten for months is used',
    slowDays: 4,
    tell: {
      overt: (stage) => {
        const { story, random, from, prey } = stage
        const victim = prey.sleeper(from)
        const host = abroad(prey.no(), random)
        return { beats: spread(random, 300, from, from + HOUR_MS).map((at) => misuse(story, random, victim, at, host)) }
      },
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const victim = prey.sleeper(from)
        const host = { ip: FURTHER_PLACES.home(prey.no(), 3), agent: random.pick(TOOLS) }
        const beats = dayByDay(from, until).flatMap((night) =>
          spread(random, 3, night, night + HOUR_MS).map((at) => misuse(story, random, victim, at, host)),
        )
        return { beats }
      },
    },
  },

  'canary touched': {
    about: 'a thief tries what lay beside the real secrets',
    slowDays: 5,
    tell: {
      overt: (stage) => touchCanary(stage, 6, HOUR_MS / 6),
      slow: (stage) => touchCanary(stage, 1, stage.until - stage.from),
    },
  },
} as const satisfies Record<string, Scenario>

function inDatacentre({ addresses }: Caller): boolean {
  return addresses[0]?.startsWith('198.18.') === true && Number(addresses[0].split('.')[2]) < 200
}

/** The owner ends the token at the attack's begin and stops using it. */
function revoke({ from }: Stage, { plan, caller }: Victim, reason: EndingReason): void {
  const at = Math.round(from)
  plan.revocation = { at, reason, note: 'found in a public place' }
  Object.assign(caller, { until: at })
}

function touchCanary({ story, random, from, prey }: Stage, count: number, lastingMs: number): Assault {
  const token = story.tokens.findIndex(({ canary }) => canary)
  const host: Host = abroad(prey.no(), random)
  const routes = reachable(story.tokens[token]?.scopes ?? [])
  const beats: Beat[] = spread(random, count, from, from + lastingMs).map((at) =>
    misuse(story, random, { token, routes }, at, host),
  )
  return { beats }
}

import type { Milliseconds } from 'tokentrail'
import { createErrand, type Errand, type Try } from '../errands.ts'
import { PLACES } from '../cast.ts'
import type { Random } from '../random.ts'
import { DAY_MS, HOUR_MS } from '../rhythm.ts'
import { everyMs, spread } from '../times.ts'
import type { Assault, Scenario, Stage } from './attack.ts'
import { abroad, type Host } from './moves.ts'

const MINUTE_MS = 60_000
const PHONE = 'Mozilla/5.0 (Linux; Android 15) Chrome/142.0.0.0 Mobile Safari/537.36'

/** Action links replayed or stolen, codes guessed, people flooded with messages. */
export const SINGLE_USE = {
  replay: {
    about: 'an action link is used a second time by somebody else',
    slowDays: 4,
    tell: {
      overt: ({ random, from, prey }) => {
        const thief = abroad(prey.no(), random)
        const used = tryOf(from + MINUTE_MS, 'valid', person(random))
        const replays = Array.from({ length: 8 }, (_, i) => tryOf(used.at + 20_000 + i * 6_000, 'consumed', thief))
        return { beats: [], errands: [linkOf(random, from, [used, ...replays])] }
      },
      /** Days later, once. */
      slow: ({ random, from, until, prey }) => {
        const used = tryOf(from + MINUTE_MS, 'valid', person(random))
        const replay = tryOf(Math.floor(random.between(from + DAY_MS, until)), 'consumed', abroad(prey.no(), random))
        return { beats: [], errands: [linkOf(random, from, [used, replay])] }
      },
    },
  },

  'stolen first': {
    about: 'an action link is stolen and spent before its owner comes, who then looks like the replay',
    slowDays: 6,
    tell: {
      overt: ({ random, from, prey }) => {
        const thief = abroad(prey.no(), random)
        const errands = Array.from({ length: 4 }, (_, i) =>
          stolenFirst(random, Math.floor(from + i * HOUR_MS), thief, 2 * MINUTE_MS),
        )
        return { beats: [], errands }
      },
      slow: ({ random, from, until, prey }) => {
        const at = Math.floor(random.between(from, until - HOUR_MS))
        return { beats: [], errands: [stolenFirst(random, at, abroad(prey.no(), random, PHONE), 14 * MINUTE_MS)] }
      },
    },
  },

  'code guessing': {
    about: 'codes of validation tokens are guessed',
    slowDays: 8,
    tell: {
      overt: (stage) => guessCodes(stage, spread(stage.random, 60, stage.from, stage.from + 15 * MINUTE_MS), 5),
      slow: (stage) => guessCodes(stage, everyMs(stage.random, 2 * HOUR_MS, stage.from, stage.until), 3),
    },
  },

  'send flood': {
    about: 'somebody has messages sent, to annoy or to earn from them',
    slowDays: 8,
    tell: {
      overt: ({ random, from }) => ({ beats: [], errands: unanswered(random, spread(random, 500, from, from + 10 * MINUTE_MS)) }),
      slow: ({ random, from, until }) => ({
        beats: [],
        errands: unanswered(random, spread(random, Math.round(((until - from) / DAY_MS) * 40), from, until)),
      }),
    },
  },
} as const satisfies Record<string, Scenario>

function tryOf(at: Milliseconds, reason: Try['reason'], host: Host): Try {
  return { at: Math.floor(at), reason, ...host }
}

function person(random: Random): Host {
  return { ip: PLACES.mobile(random.below(16), random.below(60_000)), agent: PHONE }
}

function linkOf(random: Random, at: Milliseconds, tries: readonly Try[]): Errand {
  return { ...createErrand(random, 'action', Math.floor(at)), action: 'sign_in.link', delivered: true, tries }
}

function stolenFirst(random: Random, at: Milliseconds, thief: Host, ownerAfterMs: Milliseconds): Errand {
  const stolen = tryOf(at + 25_000 + random.below(30_000), 'valid', thief)
  return linkOf(random, at, [stolen, tryOf(stolen.at + ownerAfterMs, 'consumed', person(random))])
}

/** Codes asked for and then guessed, from one source. */
function guessCodes({ random, prey }: Stage, moments: readonly Milliseconds[], guesses: number): Assault {
  const host = abroad(prey.no(), random)
  const errands = moments.map((at): Errand => {
    const tries = Array.from({ length: guesses }, (_, i) => tryOf(at + 4_000 + i * 1_500, 'wrong_secret', host))
    return { ...createErrand(random, 'validation', at), delivered: true, tries }
  })
  return { beats: [], errands }
}

function unanswered(random: Random, moments: readonly Milliseconds[]): readonly Errand[] {
  return moments.map((at): Errand => ({ ...createErrand(random, 'validation', at), channel: 'sms', delivered: true, tries: [] }))
}

import { OWNERS, SERVICES, type CastOwner } from '../cast.ts'
import type { Moment } from '../deed.ts'
import { DAY_MS, HOUR_MS } from '../rhythm.ts'
import { addToken } from '../story.ts'
import { everyMs, spread } from '../times.ts'
import type { Assault, Scenario, Stage } from './attack.ts'
import { abroad, misuse, tryUnknown } from './moves.ts'

const MINUTE_MS = 60_000

/** People inside, and attacks on the trail itself. */
export const INSIDER = {
  insider: {
    about: 'somebody with rights makes tokens for later',
    slowDays: 24,
    tell: {
      overt: (stage) => {
        const { random, from, prey } = stage
        const actor = 'ivo.horvat'
        const moments = spread(random, 40, from, from + 10 * MINUTE_MS)
        const lives = moments.map((at, i) => issue(stage, actor, at, i))
        const widened = lives.slice(0, 12).map((token, i): Moment => ({
          at: Math.floor(from + 12 * MINUTE_MS + i * 5_000),
          type: 'token.scopes_changed',
          token,
          actor,
          detail: { added: ['customers:export', 'payments:write'], removed: [] },
        }))
        const host = abroad(prey.no(), random)
        const asked = spread(random, 5, from + HOUR_MS / 2, from + HOUR_MS)
        const exported = asked.map((at): Moment => ({ at, type: 'report.exported', actor, ...host, detail: { rows: 40_000 } }))
        return { beats: [], lives, moments: [...widened, ...exported] }
      },
      /** One token that may do much, first used weeks later. */
      slow: (stage) => {
        const { story, random, from, until, prey } = stage
        const token = issue(stage, 'hana.sato', from, 0)
        const scopes = ['customers:export', 'payments:write', 'billing:write', 'files:delete']
        const widened: Moment = {
          at: Math.floor(from + MINUTE_MS),
          type: 'token.scopes_changed',
          token,
          actor: 'hana.sato',
          detail: { added: scopes, removed: [] },
        }
        const host = abroad(prey.no(), random)
        const routes = SERVICES.flatMap(({ routes: all }) => all).filter(({ scope }) => scopes.includes(scope))
        const beats = spread(random, 25, until - DAY_MS, until - DAY_MS / 2).map((at) =>
          misuse(story, random, { token, routes }, at, host),
        )
        return { beats, lives: [token], moments: [widened] }
      },
    },
  },

  'reading abuse': {
    about: 'a reader of reports looks for a way to more than it may see',
    slowDays: 8,
    tell: {
      overt: (stage) => readings(stage, spread(stage.random, 60, stage.from, stage.from + HOUR_MS / 2)),
      slow: (stage) => readings(stage, everyMs(stage.random, 8 * HOUR_MS, stage.from, stage.until)),
    },
  },

  'trail silenced': {
    about: 'the journal is put under pressure or a node is silenced, so that something stays unseen',
    slowDays: 5,
    tell: {
      overt: ({ random, from, prey }): Assault => {
        const host = abroad(prey.no(), random)
        const beats = spread(random, 200, from, from + 5 * MINUTE_MS).map((at) => tryUnknown(random, at, host))
        const at = Math.floor(from + 6 * MINUTE_MS)
        const detail = { writer: 1, count: 60_000, from: Math.floor(from), to: at }
        return { beats, moments: [{ at, type: 'loss.declared', reason: 'journal_full', detail }] }
      },
      slow: ({ random, from, until }): Assault => ({
        beats: [],
        moments: spread(random, 4, from, until).map((at): Moment => {
          const count = 3 + random.below(20)
          const detail = { writer: 7, count, from: at - 5 * MINUTE_MS, to: at, first: 100, last: 99 + count }
          return { at, type: 'gap.found', detail }
        }),
      }),
    },
  },
} as const satisfies Record<string, Scenario>

function issue({ story, random }: Stage, actor: string, at: number, no: number): number {
  const owner = OWNERS.find(({ id }) => id === actor) as CastOwner
  const { routes } = random.pick(SERVICES)
  return addToken(story, random, { owner, routes, issuedAt: at, name: `automation ${no}`, settled: true })
}

function readings({ random, prey }: Stage, moments: readonly number[]): Assault {
  const host = abroad(prey.no(), random)
  return {
    beats: [],
    moments: moments.map((at): Moment => ({
      at,
      type: 'reading.rejected',
      reason: 'role_missing',
      actor: 'mateo.ruiz',
      ...host,
      detail: { question: random.pick(['owners', 'tokens', 'events', 'audit']) },
    })),
  }
}

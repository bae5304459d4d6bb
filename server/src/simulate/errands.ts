import type { DecisionReason, Milliseconds, TokenKind } from 'tokentrail'
import { PLACES } from './cast.ts'
import { createRandom, type Random } from './random.ts'
import { DAY_MS, HOUR_MS } from './rhythm.ts'
import type { Story } from './story.ts'

/** The life of one single-use token: issued, sent, and then used, tried, replayed or left. */
export interface Errand {
  readonly id: string
  readonly kind: Exclude<TokenKind, 'access'>
  readonly ownerId: string
  readonly action: string | null
  readonly resource: string | null
  readonly channel: 'email' | 'sms'
  readonly issuedAt: Milliseconds
  readonly expiresAt: Milliseconds
  readonly attemptsMax: number | null
  readonly sentAt: Milliseconds
  readonly delivered: boolean
  /** In order of time. `consumes` marks the one use that ends the token well. */
  readonly tries: readonly Try[]
  readonly incident?: string
}

export interface Try {
  readonly at: Milliseconds
  readonly reason: DecisionReason
  readonly ip: string
  readonly agent: string
  /** A look that does not spend the token. */
  readonly check?: boolean
}

const ACTIONS = ['password.reset', 'invite.accept', 'file.download', 'sign_in.link', 'order.approve'] as const
const PER_DAY = { action: 24, validation: 12 } as const
const LIFE_MS = { action: HOUR_MS / 2, validation: HOUR_MS / 4 } as const
const PHONES = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 15) Chrome/142.0.0.0 Mobile Safari/537.36',
]
const ATTEMPTS_MAX = 5

/** Errands of a story over its window, in order of issue. */
export function createErrands(story: Story): readonly Errand[] {
  const random = createRandom(`errands/${story.seed}`)
  const errands: Errand[] = []
  for (let at = story.from; at < story.to - HOUR_MS; at += HOUR_MS)
    for (const kind of ['action', 'validation'] as const) {
      const mean = (PER_DAY[kind] / 24) * story.rhythm('consumer', at) * story.growth(at)
      for (let n = random.poisson(mean); n > 0; n--)
        errands.push(createErrand(random, kind, Math.floor(at + random.next() * HOUR_MS)))
    }
  errands.push(stolenLink(story, random))
  return errands.toSorted((a, b) => a.issuedAt - b.issuedAt)
}

/** One errand that begins at `at`. */
export function createErrand(random: Random, kind: Errand['kind'], at: Milliseconds): Errand {
  const sentAt = at + 40 + random.below(400)
  const expiresAt = at + LIFE_MS[kind]
  const person = { ip: PLACES.mobile(random.below(16), random.below(60_000)), agent: random.pick(PHONES) }
  const tries = kind === 'action' ? actionTries(random, sentAt, person) : validationTries(random, sentAt, person)
  return {
    id: random.base62(16),
    kind,
    ownerId: 'web-shop',
    action: kind === 'action' ? random.pick(ACTIONS) : null,
    resource: kind === 'action' ? `customer:${1000 + random.below(9000)}` : null,
    channel: kind === 'validation' && random.chance(0.4) ? 'sms' : 'email',
    issuedAt: at,
    expiresAt,
    attemptsMax: kind === 'validation' ? ATTEMPTS_MAX : null,
    sentAt,
    delivered: random.chance(0.985),
    tries: tries.map((each) => (each.at >= expiresAt ? { ...each, reason: 'expired' as const } : each)),
  }
}

type Person = Pick<Try, 'ip' | 'agent'>

/** Most are used within minutes, some twice by a double click, some never. */
function actionTries(random: Random, sentAt: Milliseconds, person: Person): readonly Try[] {
  if (random.chance(0.14)) return []
  const at = Math.floor(sentAt + random.logNormal(170_000, 1.1))
  const used: Try = { at, reason: 'valid', ...person }
  return random.chance(0.045) ? [used, { at: at + 200 + random.below(2_500), reason: 'consumed', ...person }] : [used]
}

/** Most codes are right at once; a few are mistyped, and a very few until the lock. */
function validationTries(random: Random, sentAt: Milliseconds, person: Person): readonly Try[] {
  if (random.chance(0.09)) return []
  const start = Math.floor(sentAt + random.logNormal(28_000, 0.7))
  const wrong = random.chance(0.035) ? ATTEMPTS_MAX : random.chance(0.12) ? 1 + random.below(2) : 0
  const tries = Array.from({ length: wrong }, (_, i): Try => ({ at: start + i * 9_000, reason: 'wrong_secret', ...person }))
  return wrong === ATTEMPTS_MAX ? tries : [...tries, { at: start + wrong * 9_000, reason: 'valid', ...person }]
}

/** Yesterday one link was used by its owner, and then fourteen times from elsewhere. */
function stolenLink(story: Story, random: Random): Errand {
  const at = Math.floor(story.to - DAY_MS + 2 * HOUR_MS)
  const owner = { ip: PLACES.mobile(3, 4711), agent: PHONES[0] ?? '' }
  const thief = { ip: PLACES.stranger(58, 20), agent: 'Go-http-client/2.0' }
  const replays = Array.from({ length: 14 }, (_, i): Try => ({
    at: at + 240_000 + i * 7_000 + random.below(3_000),
    reason: 'consumed',
    ...thief,
  }))
  const base = createErrand(random, 'action', at)
  const tries = [{ at: at + 95_000, reason: 'valid' as const, ...owner }, ...replays]
  return { ...base, action: 'sign_in.link', delivered: true, tries, incident: 'action-replay' }
}

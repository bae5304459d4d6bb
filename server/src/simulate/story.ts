import type { DecisionReason, EndingReason, Milliseconds } from 'tokentrail'
import { OWNERS, PLACES, SERVICES, type CastOwner, type Route, type Service } from './cast.ts'
import { createRandom, type Random } from './random.ts'
import { createRhythm, DAY_MS, HOUR_MS, type Rhythm, type RhythmName } from './rhythm.ts'

/** The life of one access token, from issue to end. Tokens are known by their place in the story's list. */
export interface TokenPlan {
  readonly id: string
  readonly owner: CastOwner
  readonly name: string
  readonly scopes: readonly string[]
  readonly environment: string
  readonly issuedAt: Milliseconds
  readonly expiresAt: Milliseconds | null
  readonly canary: boolean
  /** The token it succeeded, when it came from a rotation. */
  readonly predecessor: number | null
  rotation: {
    readonly at: Milliseconds
    readonly graceUntil: Milliseconds
    readonly by: 'schedule' | 'person' | 'finding'
  } | null
  revocation: { readonly at: Milliseconds; readonly reason: EndingReason; readonly note: string } | null
  suspension: { readonly at: Milliseconds; readonly resumedAt: Milliseconds | null } | null
  rateLimit: { readonly count: number; readonly windowMs: number } | null
}

/** A running integration: who calls what, how often, from where, with which token at which time. */
export interface Caller {
  readonly service: Service
  readonly ownerId: string
  /** An owner's first integration: old, never expiring, left alone by everyday changes, so that an incident can happen to it. */
  readonly settled: boolean
  readonly routes: readonly Route[]
  readonly addresses: readonly string[]
  readonly agents: readonly string[]
  readonly rhythm: RhythmName
  /** Calls per day at the end of the window. */
  readonly perDay: number
  readonly from: Milliseconds
  readonly until: Milliseconds
  /** Which token it uses since when, oldest first. */
  readonly tenures: { readonly since: Milliseconds; readonly token: number }[]
}

/** A believable tenant over some weeks: pure data, the same for a seed, a time and a size. */
export interface Story {
  readonly seed: number
  readonly timeZone: string
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly tokens: TokenPlan[]
  readonly callers: Caller[]
  readonly rhythm: Rhythm
  /** How busy all callers are together, against an ordinary day at the end of the window. */
  growth(at: Milliseconds): number
}

export interface StoryOptions {
  readonly seed: number
  /** End of the window. */
  readonly to: Milliseconds
  readonly days?: number
  readonly timeZone?: string
  /** Validations of callers over the window, about. */
  readonly calls?: number
  /** How many times busier the last hours become: a campaign has begun, and live traffic goes on from there without a step. */
  readonly surge?: number
}

const GROWTH_PER_DAY = 1.045
const SURGE_MS = 4 * HOUR_MS
const CALLERS = 236
const ROTATED = 52

/** Tells the everyday story: owners, tokens, their lives, and who calls with them. Incidents are added to it. */
export function createStory({
  seed,
  to,
  days = 30,
  timeZone = 'Europe/Berlin',
  calls = 240_000,
  surge = 3,
}: StoryOptions): Story {
  const random = createRandom(`story/${seed}`)
  const from = to - days * DAY_MS
  const surgeAt = (at: Milliseconds): number => Math.min(1, Math.max(0, (at - to + SURGE_MS) / SURGE_MS))
  const growth = (at: Milliseconds): number => GROWTH_PER_DAY ** ((at - to) / DAY_MS) * surge ** surgeAt(at)
  const story: Story = { seed, timeZone, from, to, tokens: [], callers: [], rhythm: createRhythm(timeZone), growth }
  const shares = sharesOf(random.fork('shares'))
  for (let no = 0; no < CALLERS; no++) addCaller(story, random.fork(`caller ${no}`), no, shares[no] ?? 0)
  scaleTo(story, calls)
  rotateSome(story, random.fork('rotations'))
  endSome(story, random.fork('endings'))
  addIdle(story, random.fork('idle'))
  return story
}

/** Activity of callers is log-normal: a few do most. */
function sharesOf(random: Random): readonly number[] {
  const weights = Array.from({ length: CALLERS }, () => random.logNormal(1, 1.3))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** Makes the callers' activity add up to so many calls over the window. */
function scaleTo(story: Story, calls: number): void {
  const daysOf = (from: Milliseconds): number => (1 - GROWTH_PER_DAY ** ((from - story.to) / DAY_MS)) / Math.log(GROWTH_PER_DAY)
  const expected = story.callers.reduce((sum, { perDay, from }) => sum + perDay * daysOf(from), 0)
  for (const caller of story.callers) Object.assign(caller, { perDay: (caller.perDay * calls) / expected })
}

/** Jobs call less than shops; it is people who make the day differ from the night. */
const VOLUMES: Readonly<Record<RhythmName, number>> = { consumer: 1.2, office: 1.7, steady: 0.4, nightly: 0.15 }

function addCaller(story: Story, random: Random, no: number, perDay: number): void {
  const owner = OWNERS[no % OWNERS.length] as CastOwner
  const service = SERVICES[(no * 5 + random.below(3)) % SERVICES.length] as Service
  const routes = service.routes.filter((route, i) => i === 0 || random.chance(route.weight / 40))
  const settled = no < OWNERS.length
  const issuedAt = settled ? story.from - random.between(20, 160) * DAY_MS : issueTime(story, random)
  const token = addToken(story, random, {
    settled,
    owner,
    routes,
    issuedAt,
    name: `${service.name} ${no < OWNERS.length ? '' : no}`.trim(),
  })
  story.callers.push({
    service,
    ownerId: owner.id,
    settled,
    routes,
    addresses: addressesOf(owner, no, random),
    agents: [random.pick(owner.agents), ...(random.chance(0.25) ? [random.pick(owner.agents)] : [])],
    rhythm: owner.rhythm,
    perDay: perDay * (owner.kind === 'person' ? 0.15 : VOLUMES[owner.rhythm]),
    from: Math.max(story.from, issuedAt + random.exponential(2 * HOUR_MS)),
    until: Number.MAX_SAFE_INTEGER,
    tenures: [{ since: 0, token }],
  })
}

/** Two of three tokens are older than the window, issued on a few busy days; the others came in it, by day. */
function issueTime(story: Story, random: Random): Milliseconds {
  if (random.chance(0.68)) return story.from - (1 + random.below(14)) * 12 * DAY_MS - random.between(0, 8 * HOUR_MS)
  return random.between(story.from + DAY_MS, story.to - 6 * HOUR_MS)
}

const LIVES_DAYS = [null, null, 90, 180, 365, 365]

/** What a new token is made of. */
export type NewPlan = Pick<TokenPlan, 'owner' | 'issuedAt' | 'name'> & {
  readonly routes: readonly Route[]
  readonly predecessor?: number
  readonly settled?: boolean
}

/** Adds a token to the story; gives its place. */
export function addToken(story: Story, random: Random, { owner, routes, issuedAt, name, predecessor, settled }: NewPlan): number {
  const life = settled ? null : random.pick(LIVES_DAYS)
  const scopes = new Set(routes.map(({ scope }) => scope))
  const spare = random.chance(0.35) ? [random.pick(random.pick(SERVICES).routes).scope] : []
  return (
    story.tokens.push({
      id: random.base62(16),
      owner,
      name,
      scopes: [...new Set([...scopes, ...spare])].toSorted(),
      environment: owner.place === 'ci' || random.chance(0.08) ? 'staging' : 'production',
      issuedAt: Math.round(issuedAt),
      expiresAt: life === null ? null : Math.round(issuedAt + life * DAY_MS),
      canary: false,
      predecessor: predecessor ?? null,
      rotation: null,
      revocation: null,
      suspension: null,
      rateLimit: null,
    }) - 1
  )
}

function addressesOf(owner: CastOwner, no: number, random: Random): readonly string[] {
  const counts = { datacentre: 3, office: 6, ci: 40, mobile: 400 } as const
  const count = 1 + random.below(counts[owner.place])
  return Array.from({ length: count }, () => PLACES[owner.place](no, random.below(60_000)))
}

/** Rotation with grace: the caller changes over after some hours or days, all but always before the grace is over. */
function rotateSome(story: Story, random: Random): void {
  const old = story.callers.filter(({ tenures, settled }) => !settled && livesThrough(story, tenures[0]?.token ?? 0))
  for (const caller of old.slice(0, ROTATED)) {
    const at = random.between(story.from + DAY_MS, story.to - 8 * HOUR_MS)
    const graceMs = random.pick([DAY_MS, 3 * DAY_MS, 7 * DAY_MS])
    const by = random.chance(0.7) ? 'schedule' : 'person'
    rotate(
      story,
      random,
      caller,
      { at: Math.round(at), graceUntil: Math.round(at + graceMs), by },
      at + Math.min(graceMs * 1.1, random.exponential(graceMs / 5)),
    )
  }
}

/** Rotates the token that a caller uses and lets it change over at `switchAt`; gives the successor. */
export function rotate(
  story: Story,
  random: Random,
  caller: Caller,
  rotation: NonNullable<TokenPlan['rotation']>,
  switchAt: Milliseconds,
): number {
  const predecessor = caller.tenures.at(-1)?.token ?? 0
  const plan = story.tokens[predecessor] as TokenPlan
  plan.rotation = rotation
  const successor = addToken(story, random, {
    owner: plan.owner,
    routes: caller.routes,
    issuedAt: rotation.at,
    name: plan.name,
    predecessor,
  })
  caller.tenures.push({ since: switchAt, token: successor })
  return successor
}

const HYGIENE: readonly (readonly [EndingReason, string])[] = [
  ['owner_left', 'left the team'],
  ['idle', 'no use for 60 days'],
  ['policy', 'no expiry set'],
  ['manual', 'integration was closed'],
  ['unspecified', ''],
]

/** Some tokens are revoked and some suspended; most callers stop in time, some go on for a while. */
function endSome(story: Story, random: Random): void {
  const single = story.callers.filter(
    ({ tenures, settled }) => !settled && tenures.length === 1 && livesThrough(story, tenures[0]?.token ?? 0),
  )
  for (const [i, caller] of single.slice(0, 30).entries()) {
    const plan = story.tokens[caller.tenures[0]?.token ?? 0] as TokenPlan
    const at = Math.round(random.between(story.from + DAY_MS, story.to - 4 * HOUR_MS))
    if (i >= 24)
      plan.suspension = {
        at,
        resumedAt: i % 2 === 0 ? Math.round(Math.min(story.to - HOUR_MS, at + random.between(HOUR_MS, 2 * DAY_MS))) : null,
      }
    else {
      const [reason, note] = random.pick(HYGIENE)
      plan.revocation = { at, reason, note }
      Object.assign(caller, {
        until: random.chance(0.8) ? at - random.exponential(4 * HOUR_MS) : at + random.exponential(DAY_MS),
      })
    }
  }
  for (const caller of story.callers) stopAfterExpiry(story, random, caller)
}

/** A token that is older than the window and does not expire in it: what has ended can be neither rotated nor revoked. */
function livesThrough(story: Story, token: number): boolean {
  const { issuedAt, expiresAt } = story.tokens[token] as TokenPlan
  return issuedAt < story.from && (expiresAt === null || expiresAt > story.to)
}

/** Whose token expired notices it after a while. */
function stopAfterExpiry(story: Story, random: Random, caller: Caller): void {
  const { expiresAt } = story.tokens[caller.tenures.at(-1)?.token ?? 0] as TokenPlan
  if (expiresAt !== null && expiresAt < story.to)
    Object.assign(caller, { until: Math.min(caller.until, expiresAt + random.exponential(0.6 * DAY_MS)) })
}

/** Tokens that nobody uses, and one that nobody may use. */
function addIdle(story: Story, random: Random): void {
  for (let i = 0; i < 14; i++) {
    const owner = random.pick(OWNERS)
    const routes = random.pick(SERVICES).routes
    addToken(story, random, { owner, routes, issuedAt: issueTime(story, random), name: 'unused' })
  }
  const owner = OWNERS.find(({ id }) => id === 'legacy-importer') as CastOwner
  const canary = addToken(story, random, {
    owner,
    routes: random.pick(SERVICES).routes,
    issuedAt: story.from - 40 * DAY_MS,
    name: 'backup credentials',
  })
  story.tokens[canary] = { ...(story.tokens[canary] as TokenPlan), canary: true, expiresAt: null }
}

/** What the door says of a token at a moment, in the order of the table of reasons. */
export function stateAt(plan: TokenPlan, at: Milliseconds): DecisionReason {
  if (plan.canary) return 'canary'
  if (plan.revocation && plan.revocation.at <= at) return 'revoked'
  if (plan.rotation && plan.rotation.graceUntil <= at) return 'superseded'
  if (plan.suspension && plan.suspension.at <= at && (plan.suspension.resumedAt ?? Number.MAX_SAFE_INTEGER) > at)
    return 'suspended'
  if (plan.expiresAt !== null && plan.expiresAt <= at) return 'expired'
  return plan.rotation && plan.rotation.at <= at ? 'in_grace' : 'valid'
}

/** The token that a caller shows at a moment. */
export function tokenAt(caller: Caller, at: Milliseconds): number {
  return (caller.tenures.findLast(({ since }) => since <= at) ?? caller.tenures[0])?.token ?? 0
}

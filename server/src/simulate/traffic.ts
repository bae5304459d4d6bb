import type { DecisionReason, Milliseconds } from 'tokentrail'
import { NOBODY, type Beat } from './beat.ts'
import { PLACES, SERVICES, type Route } from './cast.ts'
import { createRandom, type Random } from './random.ts'
import { DAY_MS } from './rhythm.ts'
import { stateAt, tokenAt, type Caller, type Story, type TokenPlan } from './story.ts'

/** Everyday traffic of a story, piece by piece. */
export interface Traffic {
  /** Beats in `[from, to)`, in order of time; a piece should not be longer than an hour. */
  between(from: Milliseconds, to: Milliseconds): Beat[]
}

/** Share of calls that ask for what the token may not. */
const OVERREACH = 0.002
/** Attempts per day that show nothing anybody knows: scanners, typing errors, old configurations. */
const NOISE_PER_DAY = 260
const NOISE_SOURCES = 90
const JUNK: readonly (readonly [DecisionReason, number])[] = [
  ['malformed', 0.46],
  ['unknown', 0.3],
  ['bad_checksum', 0.14],
  ['wrong_secret', 0.06],
  ['too_long', 0.04],
]

/** Changes from where and with what a call is made. */
export type Dress = (beat: Beat, caller: Caller) => Beat

/** The same story and the same pieces give the same beats. `pace` makes all callers busier. */
export function createTraffic(story: Story, label = 'history', pace = 1, dress: Dress = (beat) => beat): Traffic {
  const random = createRandom(`traffic/${story.seed}/${label}`)

  function between(from: Milliseconds, to: Milliseconds): Beat[] {
    const ranked = rankCallers(story, from, to)
    const beats: Beat[] = []
    for (let n = random.poisson(ranked.total * pace); n > 0; n--) {
      const caller = ranked.pick(random.next())
      if (!caller) continue
      const at = random.between(Math.max(from, caller.from), Math.min(to, caller.until))
      beats.push(dress(call(story, random, caller, at), caller))
    }
    for (let n = random.poisson((NOISE_PER_DAY * (to - from)) / DAY_MS); n > 0; n--)
      beats.push(noise(story, random, random.between(from, to)))
    return beats.sort((a, b) => a.at - b.at)
  }

  return { between }
}

/** How many calls a piece expects, and whose they are. */
function rankCallers(
  story: Story,
  from: Milliseconds,
  to: Milliseconds,
): { total: number; pick(share: number): Caller | undefined } {
  const share = (story.growth(from) * (to - from)) / DAY_MS
  const active = story.callers.filter((caller) => caller.from < to && caller.until > from)
  const sums: number[] = []
  let total = 0
  for (const caller of active) sums.push((total += caller.perDay * share * story.rhythm(caller.rhythm, from)))
  return { total, pick: (at) => active[firstAbove(sums, at * total)] }
}

function firstAbove(sums: readonly number[], value: number): number {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] ?? 0) > value) high = middle
    else low = middle + 1
  }
  return low
}

function call(story: Story, random: Random, caller: Caller, exact: Milliseconds): Beat {
  const at = Math.floor(exact)
  const token = tokenAt(caller, at)
  const state = stateAt(story.tokens[token] as TokenPlan, at)
  const overreaches = (state === 'valid' || state === 'in_grace') && random.chance(OVERREACH)
  const { method, route, scope } = overreaches ? beyond(random, story.tokens[token] as TokenPlan) : routeOf(random, caller.routes)
  return {
    at,
    token,
    reason: overreaches ? 'scope_missing' : state,
    ip: random.pick(caller.addresses),
    agent: random.pick(caller.agents),
    service: caller.service.name,
    method,
    route,
    scope,
  }
}

/** A route by its weight. */
export function routeOf(random: Random, routes: readonly Route[]): Route {
  let left = random.next() * routes.reduce((sum, { weight }) => sum + weight, 0)
  return routes.find(({ weight }) => (left -= weight) < 0) ?? (routes[0] as Route)
}

const EVERY_ROUTE = SERVICES.flatMap(({ routes }) => routes)

/** A route whose scope a token lacks. */
export function beyond(random: Random, plan: TokenPlan): Route {
  return random.pick(EVERY_ROUTE.filter(({ scope }) => !plan.scopes.includes(scope)))
}

function noise(story: Story, random: Random, exact: Milliseconds): Beat {
  const source = random.below(NOISE_SOURCES)
  const service = random.pick(SERVICES)
  return {
    at: Math.floor(exact),
    token: NOBODY,
    ...junk(story, random),
    ip: PLACES.stranger(source, source * 7),
    agent: random.pick(['python-requests/2.32.3', 'curl/8.5.0', 'Go-http-client/1.1', 'Mozilla/5.0 zgrab/0.x', 'okhttp/4.9.0']),
    service: service.name,
    ...pathOf(routeOf(random, service.routes)),
  }
}

/** Why a text that nobody knows is refused; some name a token that exists without knowing its secret. */
export function junk(story: Story, random: Random): Pick<Beat, 'reason' | 'claimed'> {
  let left = random.next()
  const reason = JUNK.find(([, share]) => (left -= share) < 0)?.[0] ?? 'malformed'
  return reason === 'wrong_secret' ? { reason, claimed: random.below(story.tokens.length) } : { reason }
}

/** A route without its weight. */
export function pathOf({ method, route, scope }: Route): Pick<Beat, 'method' | 'route' | 'scope'> {
  return { method, route, scope }
}

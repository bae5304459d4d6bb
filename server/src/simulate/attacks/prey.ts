import type { Milliseconds } from 'tokentrail'
import type { Random } from '../random.ts'
import { addToken, stateAt, tokenAt, type Caller, type Story, type TokenPlan } from '../story.ts'
import { OWNERS, SERVICES, type Route } from '../cast.ts'
import { DAY_MS } from '../rhythm.ts'

/** A token in use, with who uses it. */
export interface Victim {
  readonly token: number
  readonly plan: TokenPlan
  readonly caller: Caller
  /** Where its owner calls from, and with what. */
  readonly ip: string
  readonly agent: string
  readonly routes: readonly Route[]
}

export interface Prey {
  /** A token that is used all the while, of callers that `suits`; busier ones first where asked. */
  victim(from: Milliseconds, until: Milliseconds, suits?: (caller: Caller) => boolean): Victim
  /** A token that nobody has used for months. */
  sleeper(from: Milliseconds): { readonly token: number; readonly plan: TokenPlan; readonly routes: readonly Route[] }
  /** A source that nobody else has. */
  no(): number
}

/** Victims of a story, each given out once; `spares` tells whom to leave alone. */
export function createPrey(story: Story, random: Random, spares: (caller: Caller) => boolean = () => false): Prey {
  const taken = new Set<Caller>()
  let sources = 100

  function victim(from: Milliseconds, until: Milliseconds, suits: (caller: Caller) => boolean = () => true): Victim {
    const free = story.callers.filter(
      (caller) => !taken.has(caller) && !spares(caller) && suits(caller) && isSteady(story, caller, from, until),
    )
    if (free.length === 0) throw new TypeError('story: expected more callers than attacks')
    const caller = random.pick(free.toSorted((a, b) => b.perDay - a.perDay).slice(0, Math.ceil(free.length / 3)))
    taken.add(caller)
    const token = tokenAt(caller, from)
    const [ip = '', agent = ''] = [caller.addresses[0], caller.agents[0]]
    return { token, plan: story.tokens[token] as TokenPlan, caller, ip, agent, routes: caller.routes }
  }

  function sleeper(from: Milliseconds): ReturnType<Prey['sleeper']> {
    const { routes } = random.pick(SERVICES)
    const owner = random.pick(OWNERS)
    const issuedAt = from - random.between(150, 400) * DAY_MS
    const token = addToken(story, random, { owner, routes, issuedAt, name: 'forgotten', settled: true })
    return { token, plan: story.tokens[token] as TokenPlan, routes }
  }

  return { victim, sleeper, no: () => sources++ }
}

/** The same valid token from well before the attack until it is over. */
function isSteady(story: Story, caller: Caller, from: Milliseconds, until: Milliseconds): boolean {
  const since = Math.max(story.from, from - SETTLED_MS)
  const token = tokenAt(caller, from)
  const plan = story.tokens[token] as TokenPlan
  return (
    caller.from <= since &&
    caller.until > until &&
    plan.issuedAt < since &&
    [since, until].every((at) => tokenAt(caller, at) === token) &&
    [from, until].every((at) => stateAt(plan, at) === 'valid')
  )
}

/** So long a victim has been at work before it is struck. */
const SETTLED_MS = 10 * DAY_MS

import type { DecisionReason, Milliseconds } from 'tokentrail'
import { NOBODY, type Beat } from '../beat.ts'
import { SERVICES, type Route, type Service } from '../cast.ts'
import type { Random } from '../random.ts'
import { stateAt, type Story } from '../story.ts'
import { beyond, pathOf, routeOf } from '../traffic.ts'
import { useOf } from '../use.ts'
import { FURTHER_PLACES } from '../world/places.ts'
import type { Victim } from './prey.ts'

/** Tools that attackers use; honest callers use them too. */
export const TOOLS = ['python-requests/2.31.0', 'curl/8.5.0', 'Go-http-client/1.1', 'axios/1.6.0', 'okhttp/4.9.0'] as const

/** From where and with what something is done. */
export interface Host {
  readonly ip: string
  readonly agent: string
}

export function abroad(no: number, random: Random, agent: string = random.pick(TOOLS)): Host {
  return { ip: FURTHER_PLACES.abroad(no, random.below(250)), agent }
}

/** A try with a text that nobody knows. */
export function tryUnknown(
  random: Random,
  at: Milliseconds,
  host: Host,
  o: {
    readonly reason?: DecisionReason
    readonly credential?: string
    readonly claimed?: number
    readonly service?: Service
  } = {},
): Beat {
  const { reason = 'unknown', credential, claimed, service = random.pick(SERVICES) } = o
  const route = routeOf(random, service.routes)
  const what = { ...(credential !== undefined && { credential }), ...(claimed !== undefined && { claimed }) }
  return { at, token: NOBODY, reason, ...what, ...host, service: service.name, ...pathOf(route) }
}

/** The victim's token in other hands. */
export function misuse(
  story: Story,
  random: Random,
  { token, routes }: Pick<Victim, 'token' | 'routes'>,
  at: Milliseconds,
  host: Host,
): Beat {
  return useOf(story, random, { token, at, ...host, routes })
}

/** The victim's token asking for what it may not. */
export function probe(
  story: Story,
  random: Random,
  { token, plan }: Pick<Victim, 'token' | 'plan'>,
  at: Milliseconds,
  host: Host,
): Beat {
  const beat = useOf(story, random, { token, at, ...host, routes: [beyond(random, plan)] })
  return stateAt(plan, at) === 'valid' ? { ...beat, reason: 'scope_missing' } : beat
}

/** Routes a token may use, of every service. */
export function reachable(scopes: readonly string[]): readonly Route[] {
  return SERVICES.flatMap(({ routes }) => routes).filter(({ scope }) => scopes.includes(scope))
}

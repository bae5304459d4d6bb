import type { Beat } from './beat.ts'
import { SERVICES, type Route } from './cast.ts'
import type { Random } from './random.ts'
import { stateAt, type Caller, type Story, type TokenPlan } from './story.ts'
import { pathOf, routeOf } from './traffic.ts'

/** The settled integration of an owner. */
export function callerOf(story: Story, ownerId: string): Caller {
  const caller = story.callers.find((each) => each.settled && each.ownerId === ownerId)
  if (!caller) throw new TypeError(`ownerId: expected an owner of the cast, not ${ownerId}`)
  return caller
}

/** One use of a token on one of some routes; what the door says of it follows from the token's life. */
export function useOf(
  story: Story,
  random: Random,
  { token, at, ip, agent, routes }: Pick<Beat, 'token' | 'at' | 'ip' | 'agent'> & { readonly routes: readonly Route[] },
): Beat {
  const route = routeOf(random, routes)
  const service = SERVICES.find((each) => each.routes.includes(route))?.name ?? 'orders-api'
  return { at, token, ip, agent, service, reason: stateAt(story.tokens[token] as TokenPlan, at), ...pathOf(route) }
}

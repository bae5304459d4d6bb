import type { DecisionReason, Milliseconds } from 'tokentrail'
import { NOBODY, type Beat } from './beat.ts'
import type { Assault } from './attacks/attack.ts'
import { createPrey } from './attacks/prey.ts'
import { SCENARIOS, type ScenarioName } from './attacks/scenarios.ts'
import { PLACES, SERVICES, type Route } from './cast.ts'
import { createRandom, type Random } from './random.ts'
import { DAY_MS, HOUR_MS, localTime } from './rhythm.ts'
import { rotate, stateAt, tokenAt, type Story, type TokenPlan } from './story.ts'
import { everyMs, spread } from './times.ts'
import { beyond, junk, pathOf, routeOf } from './traffic.ts'
import { callerOf } from './use.ts'

/** Something that went wrong in the story, with the truth about it. */
export interface Incident {
  readonly label: string
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly beats: readonly Beat[]
  /** Limits that began and stopped to refuse a token. */
  readonly limits?: readonly {
    readonly at: Milliseconds
    readonly token: number
    readonly type: 'limit.entered' | 'limit.left'
    readonly rejected: number
  }[]
}

type Tell = (story: Story, random: Random, at: (daysBefore: number, hour: number, minute: number) => Milliseconds) => Incident

/** Plants the incidents into a story: lives of tokens are changed, and the beats of each incident are given. */
export function plantIncidents(story: Story): readonly Incident[] {
  const at = (days: number, hour: number, minute: number): Milliseconds => localTime(story.timeZone, story.to, days, hour, minute)
  return Object.entries(INCIDENTS).map(([label, tell]) =>
    labelled(label, tell(story, createRandom(`incident/${story.seed}/${label}`), at)),
  )
}

function labelled(label: string, incident: Incident): Incident {
  const beats = incident.beats.map((beat) => ({ ...beat, incident: label })).sort((a, b) => a.at - b.at)
  return { ...incident, label, beats }
}

/** Each is told in a few sentences and knows nothing of the others but the tokens they leave alone. */
export const INCIDENTS: Readonly<Record<string, Tell>> = {
  /** A deploy token leaks, is used from abroad by night, is revoked, and is tried for two days more. */
  'leaked-token': (story, random, at) => {
    const caller = callerOf(story, 'ci-deploy')
    const token = tokenAt(caller, at(6, 2, 0))
    const [from, revokedAt] = [at(6, 2, 13), at(6, 9, 41)]
    const plan = story.tokens[token] as TokenPlan
    rotate(
      story,
      random,
      caller,
      { at: revokedAt - 4 * 60_000, graceUntil: revokedAt + DAY_MS, by: 'finding' },
      revokedAt + 38 * 60_000,
    )
    plan.revocation = { at: revokedAt, reason: 'leaked', note: 'found in a public build log' }
    const thief = { ip: () => PLACES.stranger(17, 40 + random.below(3)), agent: 'python-requests/2.31.0' }
    const looking = spread(random, 420, from, from + 5 * HOUR_MS).map((moment) => use(story, random, token, moment, thief))
    const probing = spread(random, 46, from, from + HOUR_MS).map((moment) => ({
      ...use(story, random, token, moment, thief, beyond(random, plan)),
      reason: 'scope_missing' as const,
    }))
    const trying = spread(random, 260, revokedAt + 60_000, revokedAt + 2 * DAY_MS).map((moment) =>
      use(story, random, token, moment, thief),
    )
    return { label: '', from, to: revokedAt + 2 * DAY_MS, beats: [...looking, ...probing, ...trying] }
  },

  /** Three sources guess: junk of every shape, then texts that name real tokens, until the door limits them. */
  'credential-guessing': (story, random, at) => {
    const from = at(2, 23, 38)
    const beats = spread(random, 5_400, from, from + 14 * 60_000).map((moment, i): Beat => {
      const limited = i > 2_600 && random.chance(0.82)
      return {
        at: moment,
        token: NOBODY,
        ...(limited ? { reason: 'limit_source' as const } : junk(story, random)),
        ip: PLACES.stranger(90 + random.below(3), 11),
        agent: 'Mozilla/5.0 (compatible; Nmap Scripting Engine)',
        service: 'billing-api',
        ...pathOf(random.pick(SERVICES[2]?.routes ?? [])),
      }
    })
    return { label: '', from, to: from + 14 * 60_000, beats }
  },

  /** One host was forgotten when a token was rotated: in grace for three days, refused every ten minutes ever since. */
  'forgotten-integration': (story, random, at) => {
    const caller = callerOf(story, 'erp-sync')
    const from = at(12, 10, 5)
    const token = tokenAt(caller, from)
    rotate(story, random, caller, { at: from, graceUntil: from + 3 * DAY_MS, by: 'schedule' }, from + 5 * HOUR_MS)
    const host = { ip: () => PLACES.datacentre(77, 3), agent: 'Java-http-client/17.0.2' }
    const beats = everyMs(random, 10 * 60_000, from, story.to).map((moment) =>
      use(story, random, token, moment, host, caller.routes[0]),
    )
    return { label: '', from, to: story.to, beats }
  },

  /** A deploy asks for a scope that the token does not have; it is rolled back after 75 minutes. */
  'deploy-broke-a-scope': (story, random, at) => {
    const caller = callerOf(story, 'checkout')
    const from = at(4, 10, 28)
    const token = tokenAt(caller, from)
    const route: Route = { method: 'POST', route: '/orders/{id}/refunds', scope: 'refunds:approve', weight: 1 }
    const host = { ip: () => random.pick(caller.addresses), agent: caller.agents[0] ?? '' }
    const beats = spread(random, 1_150, from, from + 75 * 60_000).map((moment) => ({
      ...use(story, random, token, moment, host, route),
      reason: 'scope_missing' as const,
    }))
    return { label: '', from, to: from + 75 * 60_000, beats }
  },

  /** A job runs in a loop and is held by its own limit for half an hour. */
  'rate-limit': (story, random, at) => {
    const caller = callerOf(story, 'price-feed')
    const [from, to] = [at(3, 14, 11), at(3, 14, 42)]
    const token = tokenAt(caller, from)
    ;(story.tokens[token] as TokenPlan).rateLimit = { count: 6_000, windowMs: 60_000 }
    const host = { ip: () => caller.addresses[0] ?? '', agent: 'Go-http-client/1.1' }
    const beats = spread(random, 9_000, from, to).map((moment): Beat => {
      const beat = use(story, random, token, moment, host, caller.routes[0])
      return beat.reason === 'valid' && random.chance(0.64) ? { ...beat, reason: 'limit_token' } : beat
    })
    const rejected = beats.filter(({ reason }) => reason === 'limit_token').length
    return {
      label: '',
      from,
      to,
      beats,
      limits: [
        { at: from + 1_000, token, type: 'limit.entered', rejected: 0 },
        { at: to, token, type: 'limit.left', rejected },
      ],
    }
  },

  /** A token that slept for months reads a little, three nights running, from a network never seen before. */
  'dormant-token': (story, random, at) => {
    const token = story.tokens.findIndex(
      ({ name, canary, issuedAt, expiresAt }) =>
        name === 'unused' && !canary && issuedAt < story.from && (expiresAt ?? story.to + 1) > story.to,
    )
    const thief = { ip: () => PLACES.stranger(203, 5), agent: 'curl/7.68.0' }
    const beats = [3, 2, 1].flatMap((night) =>
      spread(random, 15, at(night, 3, 17), at(night, 3, 52)).map((moment) => use(story, random, token, moment, thief)),
    )
    return { label: '', from: at(3, 3, 17), to: at(1, 3, 52), beats }
  },

  /** Somebody finds the honeytoken and tries it. */
  'canary-touched': attacked('canary touched', { days: 5, hour: 4, minute: 6 }),
  /** A token stands on a public page for an hour. */
  'published-token': attacked('published', { days: 4, hour: 13, minute: 20 }),
  /** Somebody who read a vault uses what lay in it, owner after owner. */
  'harvested-tokens': attacked('harvest', { days: 1, hour: 3, minute: 40 }),
  /** A thief in the cloud in which the owner's own machines run. */
  'thief-next-door': attacked('own cloud', { days: 2, hour: 15, minute: 5 }),
}

/** An attack of the simulator, in its loud form, on callers to whom nothing else happens. */
function attacked(scenario: ScenarioName, { days, hour, minute }: { days: number; hour: number; minute: number }): Tell {
  return (story, random, at) => {
    const from = at(days, hour, minute)
    const prey = createPrey(story, random.fork('prey'), ({ settled }) => settled)
    const told: Assault = SCENARIOS[scenario].tell.overt({ story, random, from, until: from + DAY_MS / 2, prey })
    const to = told.beats.reduce((last, beat) => Math.max(last, beat.at), from)
    return { label: '', from, to, beats: told.beats }
  }
}

interface Host {
  ip(): string
  readonly agent: string
}

function use(story: Story, random: Random, token: number, at: Milliseconds, host: Host, route?: Route): Beat {
  const plan = story.tokens[token] as TokenPlan
  const service = SERVICES.find(({ routes }) =>
    route ? routes.includes(route) : routes.some(({ scope }) => plan.scopes.includes(scope)),
  )
  const reachable = service?.routes.filter(({ scope }) => plan.scopes.includes(scope)) ?? []
  const reason: DecisionReason = stateAt(plan, at)
  return {
    at,
    token,
    reason,
    ip: host.ip(),
    agent: host.agent,
    service: service?.name ?? 'orders-api',
    ...pathOf(route ?? routeOf(random, reachable)),
  }
}

import type { Milliseconds } from 'tokentrail'
import { NOBODY, type Beat } from '../beat.ts'
import { OWNERS, PLACES, SERVICES, type CastOwner, type Route } from '../cast.ts'
import type { Moment } from '../deed.ts'
import type { Random } from '../random.ts'
import { DAY_MS, HOUR_MS, localTime } from '../rhythm.ts'
import { addToken, rotate, stateAt, tokenAt, type Caller, type Story, type TokenPlan } from '../story.ts'
import { beyond, pathOf } from '../traffic.ts'
import { callerOf, useOf } from '../use.ts'
import { FURTHER_PLACES } from './places.ts'
import { everyMs, rhythmic, spread } from '../times.ts'

/** What an awkward habit adds to a story; nothing of it is an attack. */
export interface Awkward {
  readonly beats?: readonly Beat[]
  readonly moments?: readonly Moment[]
  /** From where and with what calls are made instead. */
  readonly dress?: (beat: Beat, caller: Caller, random: Random) => Beat
  /** Factor on everybody's activity. */
  readonly growth?: (at: Milliseconds) => number
  /** How long a beat is held up before it arrives. */
  readonly late?: (beat: Beat) => Milliseconds
}

type Tell = (story: Story, random: Random) => Awkward

const QUIET_DAYS = 1

/** What makes honest traffic look odd. Each is told apart from the others. */
export const AWKWARD: Readonly<Record<string, Tell>> = {
  /** Build runners come from a fresh address of a cloud each time. */
  'build runners': () => ({
    dress: (beat, caller, random) =>
      caller.ownerId === 'ci-tests' || caller.ownerId === 'ci-deploy'
        ? { ...beat, ip: FURTHER_PLACES.cloud(0, Math.floor(beat.at / (HOUR_MS / 2)) * 31 + random.below(4)) }
        : beat,
  }),

  /** One service runs as functions in many zones. */
  'serverless zones': () => ({
    dress: (beat, caller, random) =>
      caller.ownerId === 'recommendations' ? { ...beat, ip: FURTHER_PLACES.cloud(1, random.below(60)) } : beat,
  }),

  /** Three people travel for a week: hotels, conferences, and the telephone on the way. */
  travellers: (story, random) => {
    const people = OWNERS.filter(({ kind }) => kind === 'person')
    const trips = Array.from({ length: 3 }, (_, i) => {
      const from = random.between(story.from + QUIET_DAYS * DAY_MS, story.to - 8 * DAY_MS)
      return { owner: people[(i * 5 + random.below(4)) % people.length]?.id, from, to: from + 6 * DAY_MS, no: random.below(36) }
    })
    return {
      dress: (beat, caller, own) => {
        const trip = trips.find(({ owner, from, to }) => owner === caller.ownerId && beat.at >= from && beat.at < to)
        if (!trip) return beat
        const ip = own.chance(0.3) ? PLACES.mobile(trip.no, own.below(20_000)) : FURTHER_PLACES.abroad(trip.no, own.below(3))
        return { ...beat, ip }
      },
    }
  },

  /** Some people work from home on some days, some through the exit of a private network. */
  'home and tunnel': (story) => ({
    dress: (beat, caller) => {
      const owner = ownerOf(caller)
      if (owner?.kind !== 'person') return beat
      const day = Math.floor((beat.at - story.from) / DAY_MS)
      const no = OWNERS.indexOf(owner)
      if ((day + no) % 5 < 2) return { ...beat, ip: FURTHER_PLACES.home(no, no) }
      return (day + no) % 11 === 4 ? { ...beat, ip: '198.18.200.9' } : beat
    },
  }),

  /** Services are deployed: a burst of restarts, from then on a new version of the client, and here and there a new route. */
  deploys: (story, random) => {
    const beats: Beat[] = []
    const callers = story.callers.filter(({ settled, ownerId }) => settled && SERVERS.includes(ownerId))
    const releases = callers.map((caller, i) => ({ caller, at: deployTime(story, random, i) }))
    for (const { caller, at } of releases)
      for (const moment of spread(random, 40 + random.below(60), at, at + 6 * 60_000))
        if (moment > story.from && moment < story.to) beats.push(callAt(story, random, caller, moment))
    const since = new Map(releases.map(({ caller, at }) => [caller, at]))
    return {
      beats,
      dress: (beat, caller, own) => {
        if (beat.at < (since.get(caller) ?? Infinity)) return beat
        return { ...beat, agent: nextVersion(beat.agent), route: own.chance(0.1) ? `/v2${beat.route}` : beat.route }
      },
    }
  },

  /** A host forgotten in a rotation goes on with the old token: accepted in grace, then refused for days. */
  'forgotten hosts': (story, random) => ({
    beats: ['accounting', 'partner-norden'].flatMap((ownerId) => {
      const caller = callerOf(story, ownerId)
      const at = Math.round(random.between(story.from + 10 * DAY_MS, story.to - 12 * DAY_MS))
      const token = tokenAt(caller, at)
      const ip = caller.addresses[0] ?? ''
      rotate(story, random, caller, { at, graceUntil: at + 3 * DAY_MS, by: 'schedule' }, at + random.between(2, 30) * HOUR_MS)
      return everyMs(random, 30 * 60_000, at, at + random.between(4, 9) * DAY_MS).map((moment) =>
        useOf(story, random, { token, at: moment, ip, agent: caller.agents[0] ?? '', routes: caller.routes }),
      )
    }),
  }),

  /** A token expires and nobody notices for a week. */
  'expired and calling': (story, random) => {
    const caller = callerOf(story, 'partner-kestrel')
    const expiresAt = Math.round(random.between(story.from + 9 * DAY_MS, story.to - 9 * DAY_MS))
    const place = tokenAt(caller, expiresAt)
    story.tokens[place] = { ...(story.tokens[place] as TokenPlan), expiresAt }
    const next = addToken(story, random, planOf(story, place, caller.routes, expiresAt + 5 * DAY_MS))
    caller.tenures.push({ since: expiresAt + 6 * DAY_MS, token: next })
    return {}
  },

  /** Two clients try one bad text again and again for days. */
  'stuck clients': (story, random) => ({
    beats: [0, 1].flatMap((no) => {
      const from = random.between(story.from + DAY_MS, story.to - 7 * DAY_MS)
      const service = random.pick(SERVICES)
      const credential = `stuck ${story.seed} ${no}`
      return everyMs(random, (2 + 8 * no) * 60_000, from, from + random.between(2, 6) * DAY_MS).map((at): Beat => ({
        at,
        token: NOBODY,
        reason: no === 0 ? 'unknown' : 'malformed',
        credential,
        ip: PLACES.datacentre(120 + no, 7),
        agent: 'okhttp/4.12.0',
        service: service.name,
        ...pathOf(service.routes[0] as Route),
      }))
    }),
  }),

  /** A load test: for an hour twenty times the usual from a token made for it. */
  'load test': (story, random) => {
    const at = localTime(story.timeZone, story.to, 3 + random.below(20), 14, 0)
    const service = SERVICES[4] ?? random.pick(SERVICES)
    const owner = OWNERS.find(({ id }) => id === 'search-indexer') as CastOwner
    const token = addToken(story, random, {
      owner,
      routes: service.routes,
      issuedAt: at - DAY_MS,
      name: 'load test',
      settled: true,
    })
    const ip = PLACES.datacentre(9, 77)
    const beats = spread(random, 1_500, at, at + HOUR_MS).map((moment) =>
      useOf(story, random, { token, at: moment, ip, agent: 'k6/0.55.0', routes: service.routes }),
    )
    return { beats }
  },

  /** A migration: a colleague issues sixty tokens in a quarter of an hour, and most of them are used in the days after. */
  migration: (story, random) => {
    const at = localTime(story.timeZone, story.to, 2 + random.below(22), 11, 10)
    const beats = Array.from({ length: 60 }, (_, i) => {
      const owner = OWNERS[i % 26] as CastOwner
      const { routes } = random.pick(SERVICES)
      const issuedAt = at + i * 14_000
      const token = addToken(story, random, { owner, routes, issuedAt, name: `migrated ${i}`, settled: true })
      const ip = PLACES.datacentre(i % 26, 40)
      const to = Math.min(story.to, at + 6 * DAY_MS)
      return rhythmic(random, { rhythm: story.rhythm, name: 'office', count: random.below(30), from: at + DAY_MS / 2, to }).map(
        (moment) => useOf(story, random, { token, at: moment, ip, agent: owner.agents[0] ?? '', routes }),
      )
    })
    return { beats: beats.flat() }
  },

  /** A new integration begins at full speed, a large one is closed. */
  'opened and closed': (story, random) => {
    const opened = random.pick(story.callers.filter(({ settled, ownerId }) => settled && ownerId === 'partner-brightly'))
    const closed = random.pick(story.callers.filter(({ settled, ownerId }) => settled && ownerId === 'newsletter'))
    const day = (): Milliseconds => Math.round(random.between(story.from + 8 * DAY_MS, story.to - 3 * DAY_MS))
    Object.assign(opened, { from: day(), perDay: opened.perDay * 3 })
    Object.assign(closed, { until: day() })
    return {}
  },

  /** Jobs that run once a month or once a quarter, with tokens that sleep in between. */
  'rare jobs': (story, random) => ({
    beats: [30, 30, 91].flatMap((days, no) => {
      const { routes } = SERVICES[2 + no] ?? random.pick(SERVICES)
      const owner = OWNERS[12 + no] as CastOwner
      const token = addToken(story, random, {
        owner,
        routes,
        issuedAt: story.from - 120 * DAY_MS,
        name: 'rare job',
        settled: true,
      })
      const ip = PLACES.datacentre(12 + no, 90)
      const first = story.from + random.between(0, days) * DAY_MS
      const runs = Array.from({ length: Math.ceil((story.to - first) / (days * DAY_MS)) }, (_, i) => first + i * days * DAY_MS)
      return runs.flatMap((at) =>
        spread(random, 25, at, Math.min(at + HOUR_MS / 2, story.to)).map((moment) =>
          useOf(story, random, { token, at: moment, ip, agent: owner.agents[0] ?? '', routes }),
        ),
      )
    }),
  }),

  /** A public holiday in the middle of the week. */
  holiday: (story, random) => {
    const day = Math.floor((story.to - (4 + random.below(20)) * DAY_MS) / DAY_MS) * DAY_MS
    return { growth: (at) => (at >= day && at < day + DAY_MS ? 0.35 : 1) }
  },

  /** One application server sends its events when its night is over; another has a clock that is wrong by minutes. */
  'late and skewed': (story, random) => {
    const night = Math.round(random.between(story.from + 5 * DAY_MS, story.to - 2 * DAY_MS))
    return {
      late: ({ at, service }) => {
        if (service === 'files-api' && at >= night && at < night + DAY_MS) return night + DAY_MS - at + (at % 60_000)
        return service === 'webhooks' ? at % 480_000 : 0
      },
    }
  },

  /** People who are refused a scope and ask again, more often after a change of permissions. */
  'permission troubles': (story, random) => ({
    beats: ['support-desk', 'warehouse'].flatMap((ownerId) => {
      const caller = callerOf(story, ownerId)
      const from = random.between(story.from + 4 * DAY_MS, story.to - 4 * DAY_MS)
      const token = tokenAt(caller, from)
      const plan = story.tokens[token] as TokenPlan
      const route = beyond(random, plan)
      return spread(random, 30, from, from + 3 * HOUR_MS).map((at): Beat => ({
        ...useOf(story, random, {
          token,
          at,
          ip: random.pick(caller.addresses),
          agent: random.pick(caller.agents),
          routes: [route],
        }),
        reason: stateAt(plan, at) === 'valid' ? 'scope_missing' : stateAt(plan, at),
      }))
    }),
  }),
}

const SERVERS = ['web-shop', 'warehouse', 'erp-sync', 'price-feed', 'fraud-check', 'partner-aster']

function ownerOf(caller: Caller): CastOwner | undefined {
  return OWNERS.find(({ id }) => id === caller.ownerId)
}

function deployTime(story: Story, random: Random, no: number): Milliseconds {
  const days = (story.to - story.from) / DAY_MS
  return localTime(story.timeZone, story.to, 1 + Math.floor((days - 2) * random.next()), 9 + (no % 7), random.below(60))
}

function nextVersion(agent: string): string {
  return agent.replace(/(\d+)\.(\d+)/, (_, major: string, minor: string) => `${major}.${Number(minor) + 1}`)
}

function planOf(story: Story, token: number, routes: readonly Route[], issuedAt: Milliseconds): Parameters<typeof addToken>[2] {
  const { owner, name } = story.tokens[token] as TokenPlan
  return { owner, name, routes, issuedAt, settled: true }
}

function callAt(story: Story, random: Random, caller: Caller, at: Milliseconds): Beat {
  const { addresses, agents, routes } = caller
  return useOf(story, random, { token: tokenAt(caller, at), at, ip: random.pick(addresses), agent: random.pick(agents), routes })
}

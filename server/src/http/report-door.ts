import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { type ErrorCode, ERRORS, TrailError } from '../errors.ts'
import type { Askable, Given } from '../report/everyday/report.ts'
import type { Door, GetOptions } from '../report/everyday/run.ts'
import { type App, principalOf } from './app.ts'
import type { HttpParts } from './parts.ts'
import { isAnsweredSuppressed } from './viewers.ts'

/** How often a long report waits for the reader's budget, and how long at most each time. */
const TRIES = 10
const WAIT_SECONDS_MAX = 60

/**
 * What a report asks with: the API's own routes, in this process, with the credential of whoever asked for the report. What a route
 * keeps from the reader cannot reach a report, because there is no other way in.
 */
export function reportDoor(app: App, { access }: Pick<HttpParts, 'access'>, request: FastifyRequest): Door {
  const principal = principalOf(request)
  const permissions = new Map(
    app.routeTable.filter(({ method }) => method === 'GET').map(({ url, permission }) => [url, permission]),
  )

  return {
    refuses(route) {
      const permission = permissions.get(route)
      if (permission === undefined) throw new TypeError(`a report asks GET ${route}, which is no route`)
      if (permission === 'public') return undefined
      const { allowed, reach } = access.decide(principal, permission)
      if (!allowed) return `Your role does not have ${permission}.`
      if (reach === 'own') return 'Your role reaches your own tokens only.'
      if (reach === 'suppressed' && !isAnsweredSuppressed(route))
        return 'This is withheld from viewers: few owners, or one, could be found in it.'
      return undefined
    },
    async get(route, given, o) {
      try {
        return await asked(urlOf(route, given), o)
      } catch (error) {
        // The reader left: that is no fault, whatever broke off because of it.
        o.signal.throwIfAborted()
        throw error
      }
    },
  }

  async function asked(url: string, { signal, patient }: GetOptions): Promise<object> {
    for (let tries = 1; ; tries += 1) {
      const asking = { method: 'GET', url, headers: credentialOf(request), remoteAddress: request.ip, signal } as const
      const { statusCode, headers, body } = await app.inject(asking)
      if (statusCode === 200) return JSON.parse(body) as object
      const seconds = Number(headers['retry-after'] ?? Number.NaN)
      if (statusCode !== 429 || !patient || tries === TRIES || !(seconds <= WAIT_SECONDS_MAX)) throw refusalOf(body, seconds)
      await wait(seconds * 1000, undefined, { signal })
    }
  }
}

/** What says who reads, and nothing else of the request. A code of the second factor is good once, and was taken. */
function credentialOf({ headers, id }: FastifyRequest): Record<string, string> {
  const given = {
    authorization: headers.authorization,
    cookie: headers.cookie,
    'user-agent': headers['user-agent'],
    'x-request-id': id,
  }
  return Object.fromEntries(Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined))
}

function urlOf(route: Askable, { id, ...query }: Given): string {
  const path = route.replace(':id', encodeURIComponent(id ?? ''))
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? path : `${path}?${given.toString()}`
}

function refusalOf(body: string, seconds: number): TrailError {
  const { code, detail, input } = JSON.parse(body) as {
    readonly code?: string
    readonly detail?: string
    readonly input?: string
  }
  const known = code !== undefined && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal'
  return new TrailError(known, detail ?? 'A question of the report was not answered.', {
    ...(input === undefined ? {} : { input }),
    ...(Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {}),
  })
}

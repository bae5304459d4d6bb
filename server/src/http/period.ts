import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Permission } from '../access/permissions.ts'
import { TrailError } from '../errors.ts'
import { callerOf } from './app.ts'

type Asked = Pick<FastifyRequest, 'identity' | 'routeOptions' | 'query' | 'ip' | 'method' | 'id' | 'headers'>

/** Actions about what happened at some time; the others are about how things stand. */
const OF_A_TIME: ReadonlySet<Permission> = new Set<Permission>([
  'figures:read',
  'rows:read',
  'tokens:read',
  'findings:read',
  'responses:read',
  'leaks:read',
  'live:read',
  'log:read',
  'log:install',
])

/** Routes that cut what they answer to the reader's period, ask only those that do, or tell nothing of what happened. */
const KEPT: ReadonlySet<string> = new Set([
  '/v1/events',
  '/v1/readings',
  '/v1/detectors',
  '/v1/audit',
  '/v1/reports',
  '/v1/reports/:name',
])
const QUESTIONS = '/v1/questions/'

/**
 * Whoever was granted a period sees nothing beyond it: a route that does not cut its answers itself is asked with `from` and `to`
 * inside the period, or not at all. Single things have no window: a pack shows them.
 */
export function refuseBeyondPeriod(
  access: Access,
  request: Asked,
  permission: Permission | 'public' | undefined = request.routeOptions.config.permission,
): void {
  if (!request.identity || permission === undefined || permission === 'public' || !OF_A_TIME.has(permission)) return
  const { principal } = request.identity
  const { period } = access.decide(principal, permission)
  const url = request.routeOptions.url ?? ''
  if (period === null || KEPT.has(url) || url.startsWith(QUESTIONS)) return
  const [from, to] = [momentOf(request.query, 'from'), momentOf(request.query, 'to')]
  if (from >= period.from && to <= period.to) return
  access.noteRefusal(principal, 'role_missing', callerOf(request))
  throw new TrailError('not_permitted', 'Your role covers a period. Ask with `from` and `to` inside it, or make a pack of it.', {
    input: 'from',
  })
}

/** A moment of the query as the routes read it; one that is missing or relative is inside no period. */
function momentOf(query: unknown, name: 'from' | 'to'): number {
  const text = (query as Readonly<Record<string, unknown>> | null)?.[name]
  if (typeof text !== 'string') return Number.NaN
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text)
}

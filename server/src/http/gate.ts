import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access, Identity } from '../access/access.ts'
import { COSTS, costOf } from '../access/reading-limits.ts'
import { TrailError } from '../errors.ts'
import { sourceKey } from '../tokens/limits.ts'
import { type App, callerOf, identityOf } from './app.ts'
import type { SessionCookie } from './cookie.ts'
import { refuseMoreThanOwn } from './own-tokens.ts'
import type { OwnOrigin } from './origin.ts'
import { refuseBeyondPeriod } from './period.ts'

/** What the gate asks. */
export interface Gate {
  readonly access: Access
  readonly cookie: SessionCookie
  readonly origin: OwnOrigin
  readonly isStopping: () => boolean
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What stands before every route: it names a permission or the server does not start; the caller is known, is permitted
 * and is within budget before a byte of the body is parsed.
 */
export function guardRoutes(app: App, { access, cookie, origin, isStopping }: Gate): void {
  app.decorateRequest('identity', null)
  app.decorateRequest('leave', null)
  app.decorateRequest('asked', null)
  app.decorate('routeTable', [])

  app.addHook('onRoute', (route) => {
    const { permission, reading = false, own } = route.config ?? {}
    if (permission === undefined) throw new TypeError(`the route ${String(route.method)} ${route.url} names no permission`)
    for (const method of [route.method].flat()) {
      const cost = costOf(method === 'HEAD' ? 'GET' : method, route.url, reading || (method === 'GET' && permission !== 'public'))
      if (cost !== undefined) route.config = { ...route.config, cost }
      app.routeTable.push({ method, url: route.url, permission, reading, cost, own })
    }
  })

  app.addHook('onRequest', async (request) => {
    if (isStopping()) throw new TrailError('stopping', 'The server is stopping. Try again in a moment.', { retryAfterSeconds: 2 })
    refuseEncoded(request)
    const { permission, basic = false } = request.routeOptions.config
    if (permission === undefined || permission === 'public') return
    const { authorization } = request.headers
    const credentials = { authorization, cookie: cookie.read(request), basic }
    const emergency = permission === 'tokens:deny'
    const identity = await known(access, request, () => access.authenticate(credentials, callerOf(request), { emergency }))
    request.identity = identity
    if (identity.session && !READS.has(request.method)) {
      origin.require(request)
      access.requireCsrf(identity.session, headerOf(request, 'x-csrf-token'))
    }
    access.require(identity.principal, permission, callerOf(request))
    refuseMoreThanOwn(access, request)
    refuseBeyondPeriod(access, request)
    if (identity.remembered) return
    await access.requireFactor(identity, permission, headerOf(request, 'x-tokentrail-code'), callerOf(request))
    access.admitted(credentials, callerOf(request), identity)
  })

  app.addHook('preValidation', async (request, reply) => {
    const { cost } = request.routeOptions.config
    if (cost === 'published') await access.budget.takeAnonymous(sourceOf(request), 'published')
    else if (cost !== undefined && cost !== 'health') await spend(access, request, reply)
  })
  app.addHook('onResponse', async (request) => request.leave?.())
}

/** Who asks for figures without a credential that is known is told so a few times a minute, and then to wait. */
async function known(access: Access, request: FastifyRequest, authenticate: () => Promise<Identity>): Promise<Identity> {
  try {
    return await authenticate()
  } catch (error) {
    const { cost } = request.routeOptions.config
    if (error instanceof TrailError && error.code === 'not_authenticated' && cost !== undefined && cost !== 'health')
      await access.budget.takeAnonymous(sourceOf(request), 'anonymous')
    throw error
  }
}

function sourceOf({ ip }: FastifyRequest): string {
  return sourceKey(0, ip) ?? 'unknown'
}

/** Takes a request from the budget, and a place among the questions that run at once. */
async function spend(access: Access, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { principal } = identityOf(request)
  const { cost = 'state' } = request.routeOptions.config
  const takes: readonly string[] = COSTS[cost].takes
  request.asked = { route: request.routeOptions.url ?? '', windowMs: windowOf(request.query) }
  try {
    const allowance = await access.budget.take(principal, cost, request.asked)
    reply.header('ratelimit-policy', allowance.policy)
    reply.header('ratelimit', `"requests";r=${allowance.remaining};t=${allowance.resetSeconds}`)
    if (!takes.includes('place')) return
    request.leave = await access.budget.enterQuestion(principal)
    // A reader who goes away before the answer finishes no response.
    reply.raw.once('close', request.leave)
    // It may have been while the question waited for its place.
    if (reply.raw.destroyed) request.leave()
  } catch (error) {
    if (error instanceof TrailError) {
      access.noteRefusal(principal, error.code === 'cost_refused' ? 'cost_refused' : 'limit_principal', callerOf(request))
      reply.header('ratelimit', `"requests";r=0;t=${error.retryAfterSeconds ?? 1}`)
    }
    throw error
  }
}

/** How long the window of a question is, where both ends are said; the questions check them. */
function windowOf(query: unknown): number | undefined {
  const { from, to } = (query ?? {}) as { readonly from?: unknown; readonly to?: unknown }
  const [start, end] = [from, to].map((text) => (typeof text === 'string' ? momentOf(text) : Number.NaN))
  return start !== undefined && end !== undefined && end > start ? end - start : undefined
}

function momentOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text)
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Bodies come as they are: nothing is unpacked here, so nothing can blow up. */
function refuseEncoded(request: FastifyRequest): void {
  const encoding = headerOf(request, 'content-encoding')
  if (encoding === undefined || encoding === 'identity') return
  throw new TrailError('media_type_unsupported', 'Send the body without Content-Encoding.', { input: 'content-encoding' })
}

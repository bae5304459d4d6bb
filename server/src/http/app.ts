import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity } from '../access/access.ts'
import type { Caller } from '../access/caller.ts'
import type { Permission } from '../access/permissions.ts'
import type { AskedQuestion } from '../access/limits.ts'
import type { CostClass } from '../access/reading-limits.ts'
import { TrailError } from '../errors.ts'

/** The application as routes see it: their TypeBox schemas are their types. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; a route without it does not start. `public` is a decision, not a default. */
    permission?: Permission | 'public'
    /** How it keeps who reaches own tokens only to them: it names tokens, or narrows by itself. Without it they are refused. */
    own?: 'token' | 'handler'
    /** Reads figures or rows: counts against the budget of principal and tenant. */
    reading?: boolean
    /** What reading costs; set from the table of `access/reading-limits.ts`. */
    cost?: CostClass
    /** Takes HTTP Basic with public id and token, as OAuth clients send it. */
    basic?: boolean
  }
  interface FastifyRequest {
    /** Who calls; set by the gate before the body is parsed. */
    identity: Identity | null
    leave: (() => void) | null
    /** What is asked, for the estimate of its cost. */
    asked: AskedQuestion | null
  }
  interface FastifyInstance {
    /** Every route with its permission, for tests and docs. */
    routeTable: RouteEntry[]
  }
}

/** One route as it was registered. */
interface RouteEntry {
  readonly method: string
  readonly url: string
  readonly permission: Permission | 'public'
  readonly reading: boolean
  readonly cost: CostClass | undefined
  readonly own: 'token' | 'handler' | undefined
}

/** The identity that the gate has set; routes with a permission always have one. */
export function identityOf(request: { readonly identity: Identity | null }): Identity {
  if (request.identity) return request.identity
  throw new TrailError('not_authenticated', 'Send an access token as `Authorization: Bearer …`.')
}

/** The principal that the gate has set. */
export function principalOf(request: { readonly identity: Identity | null }): Identity['principal'] {
  return identityOf(request).principal
}

type CallerRequest = {
  readonly ip: string
  readonly method: string
  readonly id: string
  readonly headers: { readonly 'user-agent'?: string | undefined }
  readonly routeOptions: { readonly url?: string | undefined }
}

/** What access needs to know of a request. */
export function callerOf({ ip, method, id, headers, routeOptions }: CallerRequest): Caller {
  const userAgent = headers['user-agent']?.slice(0, 512)
  return { ip, userAgent, method, route: templateOf(routeOptions.url ?? ''), requestId: id }
}

/** `/v1/tokens/:id` as `/v1/tokens/{id}`, and what is left of a path as `{*}`. */
export function templateOf(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{*}')
}

import { routeTemplate } from '../capture.ts'
import { guard } from './guard.ts'
import { nodeFacts, nodeHeader, refuse } from './node.ts'
import type { Tokentrail } from '../tokentrail.ts'
import type { ValidatedToken } from '../validator.ts'
import type { GuardOptions } from './guard.ts'
import type { NodeRequest, NodeResponse } from './node.ts'

/** The parts of Express's request that are read, and `token`, which is written. */
export interface ExpressRequest extends NodeRequest {
  readonly ip?: string | undefined
  readonly baseUrl?: string | undefined
  readonly route?: { readonly path?: unknown } | undefined
  token?: ValidatedToken | undefined
}

/**
 * Middleware for Express 4 and 5: `app.get('/orders/:id', expressGuard(trail, { scopes: ['orders:read'] }), handler)`.
 * A request that passes has `request.token`. Put before routing (`app.use`) the route's template is not known and left out.
 */
export function expressGuard(trail: Tokentrail, options: GuardOptions = {}) {
  return async (request: ExpressRequest, response: NodeResponse, next: (error?: unknown) => void): Promise<void> => {
    const facts = { ...nodeFacts(request), route: routeOf(request), ...(request.ip ? { ip: request.ip } : {}) }
    const passage = await guard(trail, options, facts, nodeHeader(request))
    if (!passage.passed) return refuse(response, passage)
    request.token = passage.token
    next()
  }
}

function routeOf(request: ExpressRequest): string | undefined {
  const path = request.route?.path
  return typeof path === 'string' ? routeTemplate((request.baseUrl ?? '') + path) : undefined
}

import { routeTemplate } from '../capture.ts'
import { guard } from './guard.ts'
import { nodeHeader } from './node.ts'
import type { Tokentrail } from '../tokentrail.ts'
import type { ValidatedToken } from '../validator.ts'
import type { GuardOptions } from './guard.ts'
import type { NodeRequest } from './node.ts'

/** The parts of Fastify's request that are read, and `token`, which is written. */
export interface FastifyRequestLike extends NodeRequest {
  readonly id: string
  readonly ip: string
  readonly routeOptions: { readonly url?: string | undefined }
  token?: ValidatedToken | undefined
}

/** The parts of Fastify's reply that are used. */
export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike
  headers(headers: Record<string, string>): FastifyReplyLike
  send(body: unknown): FastifyReplyLike
}

/** Hook for Fastify 4 and 5: `app.get('/orders/:id', { onRequest: fastifyGuard(trail, { scopes: ['orders:read'] }) }, handler)`. */
export function fastifyGuard(trail: Tokentrail, options: GuardOptions = {}) {
  return async (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<FastifyReplyLike | undefined> => {
    const passage = await guard(trail, options, factsOf(request), nodeHeader(request))
    if (!passage.passed)
      return reply
        .code(passage.status)
        .headers({ ...passage.headers })
        .send(JSON.stringify(passage.body))
    request.token = passage.token
    return undefined
  }
}

function factsOf(request: FastifyRequestLike) {
  return {
    method: request.method,
    route: routeTemplate(request.routeOptions.url),
    ip: request.ip,
    userAgent: nodeHeader(request)('user-agent'),
    requestId: request.id,
  }
}

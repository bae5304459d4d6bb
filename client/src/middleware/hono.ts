import { routeTemplate } from '../capture.ts'
import { guard } from './guard.ts'
import type { Tokentrail } from '../tokentrail.ts'
import type { ValidatedToken } from '../validator.ts'
import type { GuardOptions } from './guard.ts'

/** The parts of Hono's context that are used. */
export interface HonoContextLike {
  readonly req: {
    readonly method: string
    readonly routePath?: string
    header(name: string): string | undefined
  }
  set(name: 'token', value: ValidatedToken | undefined): void
}

/**
 * Middleware for Hono 4, on any runtime: `app.get('/orders/:id', honoGuard(trail, { scopes: ['orders:read'] }), handler)`; then
 * `c.get('token')`. The address is left to `ip`, because where it stands depends on the runtime and its proxy.
 */
export function honoGuard(
  trail: Tokentrail,
  options: GuardOptions & { readonly ip?: (context: HonoContextLike) => string | undefined } = {},
) {
  return async (context: HonoContextLike, next: () => Promise<void>): Promise<Response | undefined> => {
    const passage = await guard(trail, options, factsOf(context, options.ip), (name) => context.req.header(name))
    if (!passage.passed) return new Response(JSON.stringify(passage.body), { status: passage.status, headers: passage.headers })
    context.set('token', passage.token)
    await next()
    return undefined
  }
}

function factsOf(context: HonoContextLike, ip: ((context: HonoContextLike) => string | undefined) | undefined) {
  const { req } = context
  return {
    method: req.method,
    route: routeTemplate(req.routePath),
    ip: ip?.(context),
    userAgent: req.header('user-agent'),
    requestId: req.header('x-request-id'),
  }
}

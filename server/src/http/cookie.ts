import type { FastifyReply, FastifyRequest } from 'fastify'
import { TrailError } from '../errors.ts'

/**
 * The session's cookie. Over https it is `__Host-tokentrail`, Secure. Browsers refuse that prefix on plain http, so on a
 * loopback address without TLS it is `tokentrail` and not Secure; anywhere else plain http cannot sign in at all.
 */
export interface SessionCookie {
  read(request: FastifyRequest): string | undefined
  write(request: FastifyRequest, reply: FastifyReply, value: string, expiresAt: number): void
  clear(request: FastifyRequest, reply: FastifyReply): void
}

const NAMES = { secure: '__Host-tokentrail', loopback: 'tokentrail' } as const
const BASE = { path: '/', httpOnly: true, sameSite: 'strict' } as const

export function createSessionCookie(publicUrl: string | undefined): SessionCookie {
  const publiclySecure = publicUrl?.startsWith('https:') ?? false
  const formOf = (request: FastifyRequest): keyof typeof NAMES | undefined => {
    if (publiclySecure || request.protocol === 'https') return 'secure'
    return isLoopback(request.hostname) ? 'loopback' : undefined
  }
  return {
    read(request) {
      const form = formOf(request)
      const value = form && request.cookies[NAMES[form]]
      return value === '' ? undefined : value
    },
    write(request, reply, value, expiresAt) {
      const form = formOf(request)
      if (!form)
        throw new TrailError(
          'not_permitted',
          'Signing in needs https, or http on a loopback address. Put TLS in front and set the public URL.',
        )
      void reply.setCookie(NAMES[form], value, { ...BASE, secure: form === 'secure', expires: new Date(expiresAt) })
    },
    clear(request, reply) {
      const form = formOf(request) ?? 'secure'
      void reply.clearCookie(NAMES[form], { ...BASE, secure: form === 'secure' })
    },
  }
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    /^127(\.\d{1,3}){3}$/.test(hostname) ||
    /^\[?::1\]?$/.test(hostname)
  )
}

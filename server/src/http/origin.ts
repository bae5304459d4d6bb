import type { FastifyRequest } from 'fastify'
import { TrailError } from '../errors.ts'

/** Tells requests of our own page from those that a browser makes for somebody else's. */
export interface OwnOrigin {
  /** A write by session: `Origin` is ours, or without it `Sec-Fetch-Site` says so. Without both it is refused. */
  require(request: FastifyRequest): void
  /** Refuses what a browser says comes from elsewhere; programs say nothing and pass. */
  refuseOthers(request: FastifyRequest): void
}

/** Ours is the host that was asked, and the public URL where one is set. */
export function createOwnOrigin(publicUrl: string | undefined): OwnOrigin {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host

  function isOurs(origin: string, host: string): boolean {
    if (!URL.canParse(origin)) return false
    const { host: from } = new URL(origin)
    return from !== '' && (from === host || from === publicHost)
  }

  function require(request: FastifyRequest): void {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin === undefined ? site === 'same-origin' : isOurs(origin, request.host)) return
    throw new TrailError('csrf_refused', 'This must come from the dashboard itself: Origin or Sec-Fetch-Site says otherwise.', {
      input: 'origin',
    })
  }

  return {
    require,
    refuseOthers(request) {
      const { origin, 'sec-fetch-site': site } = request.headers
      if (origin !== undefined || (site !== undefined && site !== 'none')) require(request)
    },
  }
}

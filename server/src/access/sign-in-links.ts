import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { Records, TokenRecord } from '../records/records.ts'
import type { Door } from '../tokens/door.ts'
import type { Issuer } from '../tokens/issuer.ts'
import { provenBy, publicIdOf } from './bearer.ts'
import { type Caller, OWN_SERVICE } from './caller.ts'
import type { Principal } from './principal.ts'
import { hasRole } from './principal.ts'

/** The action of a one-time link; its resource is the public id of the token that it signs in as. */
const SIGN_IN_ACTION = 'tokentrail.sign-in'

export interface SignInLink {
  /** What to append to the server's address. The code is a fragment, which no server, proxy log or referrer sees; the page posts it. */
  readonly path: string
  readonly code: string
  readonly expiresAt: Milliseconds
}

/** One-time links: action tokens, so that they are short-lived, single-use and tracked like any other. */
export interface SignInLinks {
  create(principal: Pick<Principal, 'tenantNo' | 'tokenId' | 'actor'>, tokenId?: string): Promise<SignInLink>
  /** Consumes the code and gives the token it stands for. */
  redeem(code: string, caller: Caller): Promise<TokenRecord>
}

const LINK_TTL_SECONDS = 30 * 60

export function createSignInLinks(o: { records: Records; door: Door; issuer: Issuer }): SignInLinks {
  return {
    async create(principal, tokenId = principal.tokenId) {
      const { tenantNo, actor } = principal
      const target = await o.records.read.token(tenantNo, tokenId)
      if (!target || !hasRole(target)) {
        throw new TrailError('not_found', 'There is no token of that id that has a role here.', { input: '/token' })
      }
      const request = { kind: 'action', owner: target.ownerId, action: SIGN_IN_ACTION, resource: target.id } as const
      const { record, token } = await o.issuer.issue({ tenantNo, actor, input: { ...request, ttlSeconds: LINK_TTL_SECONDS } })
      return { path: `/sign-in#code=${token}`, code: token, expiresAt: record.expiresAt ?? 0 }
    },
    async redeem(code, caller) {
      const known = await o.records.read.tokenByPublicId(publicIdOf(code))
      const target = known?.resource ? await o.records.read.token(known.tenantNo, known.resource) : null
      if (!known || !target || known.action !== SIGN_IN_ACTION) {
        throw new TrailError('not_authenticated', 'The link is not valid, was used before, or is too old. Ask for a new one.')
      }
      const { ip, userAgent, method, route, requestId } = caller
      const facts = { ip, method, route, requestId, service: OWN_SERVICE, ...(userAgent === undefined ? {} : { userAgent }) }
      const { tenantNo, resource } = known
      provenBy(
        await o.door.validate({
          ...facts,
          tenantNo,
          token: code,
          kind: 'action',
          action: SIGN_IN_ACTION,
          resource: resource ?? '',
        }),
      )
      return target
    },
  }
}

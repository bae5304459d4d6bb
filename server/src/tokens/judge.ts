import { type DecisionReason, type Milliseconds, type TokenKind } from 'tokentrail'
import type { TokenRecord } from '../records/records.ts'
import { isSuspended } from '../records/token-state.ts'
import { isInside } from './cidr.ts'
import type { ValidationRequest } from './door.ts'

type Check = (token: TokenRecord, request: ValidationRequest, now: Milliseconds) => boolean

/**
 * What is wrong with a token whose identity is proven, in the order of `DECISION_REASONS`: the first that applies is the
 * reason. Limits come after it, because only a request that would pass may spend them.
 */
export const CHECKS: readonly (readonly [reason: DecisionReason, applies: Check])[] = [
  ['wrong_audience', (token, request) => token.tenantNo !== request.tenantNo || isElsewhere(token, request)],
  ['wrong_kind', (token, request) => token.kind !== kindWanted(request)],
  ['canary', (token) => token.canary],
  ['consumed', (token) => token.ending === 'consumed'],
  ['revoked', (token) => token.ending === 'revoked'],
  ['superseded', (token, _, now) => token.ending === 'superseded' || (token.graceUntil !== null && token.graceUntil <= now)],
  ['suspended', (token, _, now) => isSuspended(token, now)],
  ['locked', (token) => token.ending === 'locked'],
  ['exhausted', (token) => token.ending === 'exhausted' || token.usesLeft === 0],
  ['expired', (token, _, now) => token.ending === 'expired' || (token.expiresAt !== null && token.expiresAt <= now)],
  ['not_yet_valid', (token, _, now) => token.notBefore !== null && token.notBefore > now],
  ['owner_disabled', (token) => token.ownerDisabled],
  ['wrong_action', (token, request) => token.action !== null && token.action !== request.action],
  ['wrong_resource', (token, request) => token.resource !== null && token.resource !== request.resource],
  ['address_forbidden', (token, request) => token.cidrs.length > 0 && !isInside(token.cidrs, request.ip)],
  ['origin_forbidden', (token, request) => isNotListed(token.origins, request.origin)],
  ['method_forbidden', (token, request) => isNotListed(token.methods, request.method)],
  [
    'scope_missing',
    (token, request) => request.scopes !== undefined && !request.scopes.every((scope) => token.scopes.includes(scope)),
  ],
]

/** The reason for a proven token, before any limit: what is wrong first, else `in_grace` or `valid`. Pure. */
export function judge(token: TokenRecord, request: ValidationRequest, now: Milliseconds): DecisionReason {
  for (const [reason, applies] of CHECKS) if (applies(token, request, now)) return reason
  return token.successorNo === null ? 'valid' : 'in_grace'
}

/** Whether accepting this token changes records: single-use kinds end, limited ones lose a use. */
export function isSpentByUse(token: TokenRecord): boolean {
  return token.kind !== 'access' || token.usesMax !== null
}

/** The kind a request asks for: as it says, else what `action` implies, else access. */
export function kindWanted(request: ValidationRequest): TokenKind {
  return request.kind ?? (request.action === undefined ? 'access' : 'action')
}

function isElsewhere(token: TokenRecord, request: ValidationRequest): boolean {
  return token.environment !== null && request.environment !== undefined && token.environment !== request.environment
}

function isNotListed(list: readonly string[], value: string | undefined): boolean {
  return list.length > 0 && (value === undefined || !list.includes(value))
}

import type { Common } from './values.ts'

/** No attribute counts for more: one odd thing alone stays low. */
export const BITS_MAX = 16
/** Under this nothing is raised; from the second on it is of medium severity. */
export const BITS_LOW = 12
export const BITS_MEDIUM = 18
/** How likely a value is that nobody in the tenant ever used. */
const FLOOR = 1 / 16

/**
 * How surprising it is, in bits, that a token uses a value it never used before: Witten and Bell's estimate (1991) of something new,
 * `T / (n + T)`, times how common the value is among the owner's tokens, else the tenant's, else a floor.
 */
export function surprise(steps: number, distinct: number, owner: Common, tenant: Common): number {
  const isNew = Math.max(distinct, 1) / (steps + Math.max(distinct, 1))
  const bits = -Math.log2(isNew * backOff(owner, backOff(tenant, FLOOR)))
  return Math.min(BITS_MAX, Math.max(0, bits))
}

/** Interpolated, so that a value somebody used is never more of a surprise than one nobody did. */
function backOff({ tokens, pairs, distinct }: Common, otherwise: number): number {
  if (pairs + distinct === 0) return otherwise
  return (tokens + Math.max(distinct, 1) * otherwise) / (pairs + distinct)
}

/** So many of the owner's, or of the tenant's, other tokens make a value nothing new. */
export const PEERS = { owner: 3, tenant: 10 } as const

export function isUsualAmongPeers(owner: Common, tenant: Common): boolean {
  return owner.tokens >= PEERS.owner || tenant.tokens >= PEERS.tenant
}

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Rate } from './allowance.ts'

/** Limits of the door itself; a token's own limit stands in its record. */
export interface DoorLimits {
  /**
   * Failures (texts that belong to nobody known) that one source may cause. Once spent, the source is refused before any
   * lookup and learns nothing about any token. A source is an IPv4 address or the /64 of an IPv6 address, per tenant.
   */
  readonly sourceFailures: Rate
  /**
   * Failures that all sources together may cause. Once spent, texts that are not proven from the cache are refused before
   * any lookup; tokens in the cache are not affected.
   */
  readonly globalFailures: Rate
  /** Validations of one tenant that would be accepted; none by default. */
  readonly tenant?: Rate
}

export const DEFAULT_LIMITS: DoorLimits = {
  sourceFailures: { count: 300, windowMs: 60_000 },
  globalFailures: { count: 10_000, windowMs: 1000 },
}

/** The key under which a source's failures are counted; `undefined` without a readable address. */
export function sourceKey(tenantNo: number, ip: string | undefined): string | undefined {
  if (ip === undefined) return undefined
  const form = isIP(ip)
  if (form === 0) return undefined
  return `${tenantNo} ${form === 4 ? ip : sixtyFour(ip)}`
}

/** The /64 of an IPv6 address, which one person can fill with addresses; IPv4 where it is mapped. */
function sixtyFour(ip: string): string {
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv4' ? address.toString() : Buffer.from(address.toByteArray().slice(0, 8)).toString('hex')
}

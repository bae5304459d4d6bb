import { createHash } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { Records, TokenRecord } from '../records/records.ts'
import type { Door, Verdict } from '../tokens/door.ts'
import { type Caller, OWN_SERVICE } from './caller.ts'
import { hasRole, type TokenOfRole } from './principal.ts'

/** Authenticates by one of Tokentrail's own access tokens. */
export interface Bearer {
  /** The token's record, which names a role. */
  authenticate(token: string, caller: Caller): Promise<TokenOfRole>
  close(): void
}

export interface BearerOptions {
  readonly records: Records
  readonly door: Door
  readonly clock: Clock
  /** Tenant whose journal notes tokens that belong to nobody. */
  readonly installTenantNo: number
}

const MEMORY_MS = 1000
const MEMORY_MAX = 10_000

/**
 * The door judges the token like any other, so its use is an event. Within one second the same token from the same
 * address is not judged again: a service that validates 10,000 times a second would otherwise write a second event for
 * each. A change of any remembered token empties the memory before the change is answered, so a revoked token is
 * refused from the very next request.
 */
export function createBearer({ records, door, clock, installTenantNo }: BearerOptions): Bearer {
  const memory = createMemory(records, clock)

  async function judge(token: string, caller: Caller): Promise<TokenRecord> {
    const known = await records.read.tokenByPublicId(publicIdOf(token))
    const { ip, userAgent, method, route, requestId } = caller
    const request = { token, kind: 'access', service: OWN_SERVICE, ip, method, route, requestId } as const
    const tenantNo = known?.tenantNo ?? installTenantNo
    return provenBy(await door.validate({ ...request, tenantNo, ...(userAgent === undefined ? {} : { userAgent }) }))
  }

  return {
    async authenticate(token, caller) {
      const key = memory.keyOf(token, caller.ip)
      const known = memory.get(key)
      const put = memory.putter()
      const record = known ?? (await judge(token, caller))
      if (!hasRole(record)) {
        throw new TrailError('not_permitted', 'This token has no role in Tokentrail. Use one that was issued with a role.')
      }
      if (!known) put(key, record)
      return record
    },
    close: memory.close,
  }
}

/** The token that a verdict proves, or the error that the caller may know. */
export function provenBy(verdict: Verdict): TokenRecord {
  if (verdict.verdict === 'accepted' && verdict.token) return verdict.token
  const retryAfterSeconds = Math.max(1, Math.ceil((verdict.retryAfterMs ?? 1000) / 1000))
  switch (verdict.answer) {
    case 'forbidden':
      throw new TrailError('not_permitted', 'The token may not be used from here, or not for this.')
    case 'throttled':
      throw new TrailError('rate_limited', 'Too many attempts. Wait as long as Retry-After says.', { retryAfterSeconds })
    case 'unavailable':
      throw new TrailError('records_unavailable', 'The token cannot be checked at the moment. Try again.', { retryAfterSeconds })
    default:
      throw new TrailError(
        'not_authenticated',
        'The credential is not valid here. Send a living access token as `Authorization: Bearer …`.',
        {
          input: 'authorization',
        },
      )
  }
}

/** The part of a token's text that is public; '' where the text has none. */
export function publicIdOf(token: string): string {
  return /^[A-Za-z][0-9A-Za-z_]{0,31}_([0-9A-Za-z]{16})_[0-9A-Za-z]{6,49}$/.exec(token)?.[1] ?? ''
}

/** Would the door say the same to the next request? Not where it counts uses, or looks at more than the address. */
function isAlike({ rateLimit, usesMax, methods, origins }: TokenRecord): boolean {
  return rateLimit === null && usesMax === null && methods.length === 0 && origins.length === 0
}

type Remembered = { readonly record: TokenRecord; readonly until: Milliseconds }

function createMemory(records: Records, clock: Clock) {
  const entries = new Map<string, Remembered>()
  const numbers = new Set<number>()
  const forget = (): void => {
    entries.clear()
    numbers.clear()
  }
  let changes = 0
  const stop = records.onChange((change) => {
    changes += 1
    if (change === 'all' || numbers.has(change.no)) forget()
  })
  return {
    keyOf: (token: string, ip: string): string => `${createHash('sha256').update(token).digest('base64')} ${ip}`,
    get(key: string): TokenRecord | undefined {
      const entry = entries.get(key)
      return entry && entry.until > clock.now() && records.feedIsFresh() ? entry.record : undefined
    },
    /** Taken before judging: what changed meanwhile may be the very token, so then nothing is remembered. */
    putter() {
      const before = changes
      return (key: string, record: TokenRecord): void => {
        if (changes !== before || !isAlike(record)) return
        if (entries.size >= MEMORY_MAX) forget()
        const until = Math.min(clock.now() + MEMORY_MS, record.expiresAt ?? Infinity, record.graceUntil ?? Infinity)
        entries.set(key, { record, until })
        numbers.add(record.no)
      }
    },
    close: stop,
  }
}

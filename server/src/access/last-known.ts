import { createHash } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { Records } from '../records/records.ts'
import type { Credentials, Identity } from './access.ts'
import type { Caller } from './caller.ts'

/**
 * Who was admitted lately, by credential and address: so that somebody can still refuse a token while records cannot be read. It
 * serves for that alone, for an hour at most, and forgets a principal whose token changes.
 */
export interface LastKnown {
  keep(credentials: Credentials, caller: Caller, identity: Identity): void
  /** What `identify` says; where records fail it, who this was the last time. */
  orElse(credentials: Credentials, caller: Caller, identify: () => Promise<Identity>): Promise<Identity>
  close(): void
}

const KEPT_MS = 3_600_000
const KEPT_MAX = 1000

export function createLastKnown({ records, clock }: { records: Pick<Records, 'onChange'>; clock: Clock }): LastKnown {
  const known = new Map<string, { readonly identity: Identity; readonly until: Milliseconds }>()
  const stop = records.onChange((change) => {
    if (change === 'all') return
    for (const [key, { identity }] of known) if (identity.principal.tokenNo === change.no) known.delete(key)
  })

  return {
    keep(credentials, caller, identity) {
      const key = keyOf(credentials, caller)
      known.delete(key)
      known.set(key, { identity: { ...identity, remembered: true }, until: clock.now() + KEPT_MS })
      if (known.size > KEPT_MAX) known.delete(known.keys().next().value ?? key)
    },
    async orElse(credentials, caller, identify) {
      try {
        return await identify()
      } catch (error) {
        const entry = known.get(keyOf(credentials, caller))
        if (!(error instanceof TrailError) || error.code !== 'records_unavailable' || !entry || entry.until < clock.now())
          throw error
        return entry.identity
      }
    },
    close: stop,
  }
}

function keyOf({ authorization, cookie }: Credentials, { ip }: Caller): string {
  return createHash('sha256')
    .update(`${authorization ?? ''}\n${cookie ?? ''}\n${ip}`)
    .digest('base64')
}

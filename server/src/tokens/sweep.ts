import { FLAGS, KINDS, POPULATIONS, reasonId, TYPES, type FactReason, type Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent, type EventRow } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Records, TokenRecord } from '../records/records.ts'

const PERIOD_MS = 60_000
const TOKENS_PER_STEP = 500
/** Tombstones are kept this long after the end. */
const TOMBSTONE_MS = 400 * 86_400_000

/** What follows from the clock: expiries (110) and ends of grace (106) are noted once, old tombstones are purged. */
export interface Sweep {
  /** Sweeps until nothing is left to note. One run at a time: a second caller waits for the first. */
  run(): Promise<void>
  close(): void
}

/** Sweeps every minute. `wasUsed` tells from the store whether an access token was ever used; without it the reason stays open. */
export function startSweep(o: {
  readonly records: Records
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Clock
  readonly log: Log
  readonly wasUsed?: (token: TokenRecord) => Promise<boolean | undefined>
}): Sweep {
  let running: Promise<void> | undefined
  const closing = new AbortController()

  async function sweepAll(): Promise<void> {
    const retentions = new Map((await o.records.read.tenants()).map(({ no, retention }) => [no, retention]))
    for (let more = true; more && !closing.signal.aborted;) {
      const at = o.clock.now()
      const swept = await o.records.act('sweep', { at, max: TOKENS_PER_STEP, purgeBefore: at - TOMBSTONE_MS })
      for (const token of swept.expired)
        await note(token, 'token.expired', await reasonOf(token), token.expiresAt ?? at, retentions)
      for (const token of swept.superseded) await note(token, 'token.superseded', 'none', token.graceUntil ?? at, retentions)
      more = swept.more
    }
  }

  async function reasonOf(token: TokenRecord): Promise<FactReason> {
    const used = usedByRecord(token) ?? (await o.wasUsed?.(token))
    return used === undefined ? 'none' : used ? 'used' : 'unused'
  }

  async function note(
    token: TokenRecord,
    type: 'token.expired' | 'token.superseded',
    reason: FactReason,
    at: Milliseconds,
    retentions: ReadonlyMap<number, number>,
  ): Promise<void> {
    const row = rowOf(token)
    row.type = TYPES[type].id
    row.reason = reasonId(reason)
    row.occurredAt = at
    row.retention = retentions.get(token.tenantNo) ?? 1
    await o.journal.append(row)
  }

  function run(): Promise<void> {
    running ??= sweepAll().finally(() => (running = undefined))
    return running
  }

  const timer = setInterval(() => {
    run().catch((error: unknown) => o.log.warn({ err: error }, 'the sweep of tokens failed; tried again in a minute'))
  }, PERIOD_MS).unref()

  return {
    run,
    close() {
      closing.abort()
      clearInterval(timer)
    },
  }
}

/** What the record itself says of use: single-use tokens were never used, or they would not have expired. */
function usedByRecord(token: TokenRecord): boolean | undefined {
  if (token.kind !== 'access') return token.attemptsUsed > 0
  return token.usesMax === null ? undefined : token.usesLeft !== token.usesMax
}

function rowOf(token: TokenRecord): EventRow {
  const row = blankEvent()
  row.tenant = token.tenantNo
  row.kind = KINDS[token.kind]
  row.population = POPULATIONS.attributed
  row.flags = (token.canary ? FLAGS.canary : 0) | (token.simulated ? FLAGS.simulated : 0) | (token.observed ? FLAGS.observed : 0)
  row.tokenNo = token.no
  row.ownerNo = token.ownerNo
  row.generation = token.generation
  row.environment = token.environment ?? ''
  return row
}

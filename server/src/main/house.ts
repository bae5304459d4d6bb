import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OUTCOMES, TYPES } from 'tokentrail'
import type { TypeName } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Records, Tenant } from '../records/records.ts'
import type { Door } from '../tokens/door.ts'

const HOUR_MS = 3_600_000

/** What must be done once an hour: make the next keys ready, destroy those whose time is over. */
export function startHousekeeping(o: { records: Records; privacy: Privacy; clock: Clock; log: Log }) {
  const run = async (): Promise<void> => {
    const at = o.clock.now()
    for (const tenant of await o.records.read.tenants()) await o.privacy.prepare(tenant.no, at)
    await o.privacy.destroyExpiredKeys(at)
  }
  const runLogged = (): void =>
    void run().catch((error: unknown) =>
      o.log.error({ err: error }, 'the hourly housekeeping failed; it is tried again in an hour'),
    )
  const timer = setInterval(runLogged, HOUR_MS).unref()
  return { close: () => clearInterval(timer) }
}

/** What a start says of itself: the version, and the SHA-256 of the page that verifies packs, so that any copy can be compared with the log. */
export function startingDetail(version: string, dashboard: string): Readonly<Record<string, string>> {
  const page = join(dashboard, 'verify.html')
  if (!existsSync(page)) return { version }
  return { version, digest: createHash('sha256').update(readFileSync(page)).digest('hex') }
}

/** Writes an event of the installation itself, such as `system.started`. */
export function noteSystemEvent(
  journal: Journal,
  clock: Clock,
  tenant: Tenant,
  type: TypeName,
  detail?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const row = {
    ...blankEvent(),
    tenant: tenant.no,
    retention: tenant.retention,
    type: TYPES[type].id,
    outcome: OUTCOMES.none,
    occurredAt: clock.now(),
    ...(detail && { detail: JSON.stringify(detail) }),
  }
  return journal.append(row)
}

/** Reads tokens ahead, beside what is served, so that their first use after a start costs no lookup. Never rejects. */
export async function warmCache(door: Door, records: Records, log: Log): Promise<void> {
  try {
    for (const tenant of await records.read.tenants()) await door.warm(tenant.no)
  } catch (error) {
    log.warn({ err: error }, 'tokens could not be read ahead; each is read at its first use')
  }
}

import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Records } from '../records/records.ts'
import { peopleOf } from './people.ts'
import { readSeparation } from './separation.ts'

/** What is looked after on a schedule: roles whose time is over, roles that conflict, emergencies that nobody reviewed. */
export interface AccessDuties {
  /** Gives what was found wrong, in words. */
  run(): Promise<readonly string[]>
  close(): void
}

/** Grants that one run ends; more wait for the next. */
const LAPSES_MAX = 500
const MINUTE_MS = 60_000
const NIGHT_MINUTES = 24 * 60

/** Ends roles by the minute, and once a day seeks what the table forbids; a second server that does the same finds nothing left. */
export function startAccessDuties(o: { records: Records; clock: Clock; installTenantNo: number; log: Log }): AccessDuties {
  const { records, clock, log } = o
  let minutes = 0

  async function seek(): Promise<readonly string[]> {
    const at = clock.now()
    const found: string[] = []
    for (const tenant of await records.read.tenants()) {
      for (const { owner, conflicts, overdue } of await peopleOf(records.read, tenant.no, at)) {
        for (const pair of conflicts) found.push(`owner ${owner.no} of ${tenant.id} is both ${pair.join(' and ')}`)
        for (const grant of overdue) found.push(`the emergency grant ${grant.id} of ${tenant.id} was not reviewed within 5 days`)
      }
    }
    const separation = await readSeparation(records, o.installTenantNo)
    if (found.length > 0) log.warn({ found, separation }, 'roles are not as the separation of duties asks for')
    return found
  }

  async function run(): Promise<readonly string[]> {
    await records.act('lapseGrants', { at: clock.now(), max: LAPSES_MAX })
    return seek()
  }

  async function byMinute(): Promise<void> {
    if (minutes++ % NIGHT_MINUTES === 0) await run()
    else await records.act('lapseGrants', { at: clock.now(), max: LAPSES_MAX })
  }

  void readSeparation(records, o.installTenantNo).then(
    (separation) =>
      separation === 'waived' && log.warn({}, 'separation of duties is waived: one admin may do what otherwise needs two people'),
    () => undefined,
  )
  const timer = setInterval(
    () =>
      void byMinute().catch((error: unknown) =>
        log.error({ err: error }, 'roles were not looked after; tried again in a minute'),
      ),
    MINUTE_MS,
  ).unref()
  return { run, close: () => clearInterval(timer) }
}

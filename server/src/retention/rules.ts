import type { Milliseconds } from 'tokentrail'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { RETENTION_DAYS } from '../event/row.ts'
import { RETENTION_DEFAULTS, type Hold, type RetentionDays, type RetentionRun } from '../records/holds.ts'
import type { RecordReads, Records } from '../records/records.ts'

/** How long a tenant keeps what, in days. */
export interface RetentionRules extends RetentionDays {
  /** Events in the store: 30, 90, 400 or 2,200. */
  readonly events: number
}

/** Longest and shortest that may be asked for. PCI DSS wants 12 months of a trail, HIPAA six years. */
export const RULE_BOUNDS = { sealedValues: [30, 3_660], tombstones: [30, 3_660] } as const

/** Days that an event may be kept. */
export const EVENT_DAYS = Object.values(RETENTION_DAYS)

/** The rules of a tenant now. */
export async function rulesOf(read: RecordReads, tenantNo: number): Promise<RetentionRules> {
  const [tenant, days] = await Promise.all([read.tenant(tenantNo), read.retentionDays(tenantNo)])
  const events: Readonly<Record<number, number>> = RETENTION_DAYS
  return { events: events[tenant?.retention ?? 1] ?? RETENTION_DAYS[1], ...days }
}

/** The class of rows that are kept so many days. */
export function classOf(days: number): number {
  const found = Object.entries(RETENTION_DAYS).find(([, each]) => each === days)
  if (found) return Number(found[0])
  throw new TrailError('parameter_invalid', `Events are kept ${EVENT_DAYS.join(', ')} days; ${days} is none of them.`, {
    input: 'events',
  })
}

/** Days for which sealed values are kept, at hand without asking: they are sealed many at once. */
export interface KeptDays {
  of(tenantNo: number): number
  close(): void
}

/** Reads the rules once, and again whenever records say that something changed. */
export async function createKeptDays(records: Records, log: Log): Promise<KeptDays> {
  let days = await records.read.retentionDaysOfAll()
  const unsubscribe = records.onChange((change) => {
    if (change !== 'all') return
    records.read.retentionDaysOfAll().then(
      (read) => void (days = read),
      (error: unknown) => log.warn({ err: error }, 'the rules of retention could not be read anew'),
    )
  })
  return { of: (tenantNo) => (days.get(tenantNo) ?? RETENTION_DEFAULTS).sealedValues, close: unsubscribe }
}

/** What a tenant can show of what it kept and what it let go. */
export interface RetentionCertificate {
  readonly tenant: string
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly madeAt: Milliseconds
  readonly rules: RetentionRules
  readonly runs: readonly RetentionRun[]
  /** Runs of what all tenants share: roll-ups and keys. */
  readonly shared: readonly RetentionRun[]
  readonly holds: readonly Hold[]
  /** True when more runs are in the window than one certificate names: take a shorter one. */
  readonly cutOff: boolean
  readonly says: string
}

const RUNS_MAX = 2_000
const SAYS =
  'What is named here went by these rules at these times, and each line is an entry of the audit log, where its proof is. Copies that were handed out, and backups until their own time is over, are not touched by it.'

/** Everything that retention did in a window, under which rules, and what stood against it. */
export async function certify(
  read: RecordReads,
  tenantNo: number,
  o: { readonly from: Milliseconds; readonly to: Milliseconds; readonly at: Milliseconds },
): Promise<RetentionCertificate> {
  const { from, to } = o
  const [tenant, rules, runs, shared, holds] = await Promise.all([
    read.tenant(tenantNo),
    rulesOf(read, tenantNo),
    read.retentionRuns({ tenantNo, from, to }, { limit: RUNS_MAX + 1 }),
    read.retentionRuns({ tenantNo: 0, from, to }, { limit: RUNS_MAX + 1 }),
    read.holds({ tenantNo, limit: RUNS_MAX }),
  ])
  return {
    tenant: tenant?.id ?? '',
    from,
    to,
    madeAt: o.at,
    rules,
    runs: runs.slice(0, RUNS_MAX),
    shared: shared.slice(0, RUNS_MAX),
    holds: holds.filter(({ setAt, releasedAt }) => setAt < to && (releasedAt === null || releasedAt >= from)),
    cutOff: runs.length > RUNS_MAX || shared.length > RUNS_MAX,
    says: SAYS,
  }
}

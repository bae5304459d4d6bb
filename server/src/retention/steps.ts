import type { Milliseconds } from 'tokentrail'
import { RETENTION_DAYS } from '../event/row.ts'
import { RETENTION_DEFAULTS, type Hold, type RetentionRun } from '../records/holds.ts'
import {
  dropPart,
  dropSurplus,
  emptySealedAddresses,
  holdRows,
  isDue,
  rowsByTenant,
  rowsInScope,
  sealedAddressParts,
  storedParts,
  surplusRows,
  type StoredPart,
} from '../store/retention.ts'
import { SEALED_DAYS_MAX } from '../privacy/sealed-addresses.ts'
import type { RetentionParts } from './engine.ts'

const DAY_MS = 86_400_000
/** Sealed addresses are emptied when no tenant's key of their day can live any more; their keys go sooner where a tenant says so. */
const SEALED_ADDRESS_DAYS = SEALED_DAYS_MAX
const SEALED_AT_ONCE = 1_000

/** What is over its time. */
export interface Due extends Omit<RetentionRun, 'id' | 'leaves' | 'at'> {
  /** Where rows of a tenant go: the first moment of them; null where no leaf of the log covers them. */
  readonly from: Milliseconds | null
}

/** What goes together, and how. */
export interface Step {
  readonly dues: readonly Due[]
  take(): Promise<unknown>
}

/** Everything that is over its time, in the order in which it goes. */
export async function stepsOf(parts: RetentionParts, holds: readonly Hold[], at: Milliseconds): Promise<readonly Step[]> {
  const stored = await storedParts(parts.store)
  return [
    ...(await surplusSteps(parts, holds, stored, at)),
    ...(await eventSteps(parts, holds, stored, at)),
    ...rollUpSteps(parts, stored, at),
    ...(await sealedAddressSteps(parts, at)),
    ...(await sealedValueSteps(parts, holds, at)),
    ...(await keySteps(parts, at)),
  ]
}

/** Whole partitions, each with what every tenant loses by it. */
async function eventSteps(
  { store }: RetentionParts,
  holds: readonly Hold[],
  stored: readonly StoredPart[],
  at: Milliseconds,
): Promise<readonly Step[]> {
  const steps: Step[] = []
  for (const part of stored.filter(({ table }) => table === 'events')) {
    if (!isDue(part, at)) continue
    const tenants = await rowsByTenant(store, part)
    const dues: Due[] = []
    for (const [tenantNo, rows] of tenants) {
      const held = await heldOf({ store }, holds, tenantNo, part)
      const bytes = Math.round((part.bytes * rows) / Math.max(1, part.rows))
      dues.push({ ...nothing, tenantNo, class: 'events', days: part.days, from: part.from, cut: part.to, rows, bytes, held })
    }
    steps.push({ dues, take: () => dropPart(store, part) })
  }
  return steps
}

const nothing = { rows: 0, bytes: 0, keys: 0, held: 0, from: null } as const

async function heldOf(
  { store }: Pick<RetentionParts, 'store'>,
  holds: readonly Hold[],
  tenantNo: number,
  part: StoredPart,
): Promise<number> {
  let held = 0
  for (const hold of holds) {
    if (hold.tenantNo === tenantNo) held = Math.max(held, await rowsInScope(store, { ...hold, hold: hold.id }, part))
  }
  return held
}

/** After a rule became shorter, a tenant's older rows stand in partitions that live longer. */
async function surplusSteps(
  { records, store }: RetentionParts,
  holds: readonly Hold[],
  stored: readonly StoredPart[],
  at: Milliseconds,
): Promise<readonly Step[]> {
  const days: Readonly<Record<number, number>> = RETENTION_DAYS
  const steps: Step[] = []
  for (const { no, retention } of await records.read.tenants()) {
    const kept = days[retention]
    const isLonger = (part: StoredPart): boolean => part.table === 'events' && kept !== undefined && part.days > kept
    const longer = stored.filter((part) => isLonger(part) && part.to + (kept ?? 0) * DAY_MS <= at)
    const last = longer.at(-1)
    if (kept === undefined || !last) continue
    const surplus = { tenantNo: no, class: retention, beforeDay: Math.floor(at / DAY_MS) - kept }
    const rows = await surplusRows(store, surplus)
    if (rows === 0) continue
    const cut = surplus.beforeDay * DAY_MS
    steps.push({
      dues: [{ ...nothing, tenantNo: no, class: 'events of a shorter rule', days: kept, from: longer[0]?.from ?? 0, cut, rows }],
      take: async () => {
        for (const part of longer)
          for (const hold of holds) if (hold.tenantNo === no) await holdRows(store, { ...hold, hold: hold.id }, part)
        await dropSurplus(store, surplus)
      },
    })
  }
  return steps
}

/** They count events and name no one but by number; they are of all tenants. */
function rollUpSteps({ store }: RetentionParts, stored: readonly StoredPart[], at: Milliseconds): readonly Step[] {
  return stored
    .filter((part) => part.table !== 'events' && isDue(part, at))
    .map((part) => ({
      dues: [{ ...nothing, tenantNo: 0, class: part.table, days: part.days, cut: part.to, rows: part.rows, bytes: part.bytes }],
      take: () => dropPart(store, part),
    }))
}

async function sealedAddressSteps({ store }: RetentionParts, at: Milliseconds): Promise<readonly Step[]> {
  const beforeDay = Math.floor(at / DAY_MS) - SEALED_ADDRESS_DAYS
  const found = await sealedAddressParts(store, beforeDay)
  const due = { ...nothing, tenantNo: 0, class: 'sealed addresses', days: SEALED_ADDRESS_DAYS, cut: beforeDay * DAY_MS }
  return found.map(({ id, rows }) => ({ dues: [{ ...due, rows }], take: () => emptySealedAddresses(store, id) }))
}

/** What the log's entries say of people, sealed. What is about a held owner stays, and all of a tenant that is held as a whole. */
async function sealedValueSteps(
  { records, subjectKeys }: RetentionParts,
  holds: readonly Hold[],
  at: Milliseconds,
): Promise<readonly Step[]> {
  const days = await records.read.retentionDaysOfAll()
  const steps: Step[] = []
  for (const { tenantNo, count } of await records.read.expiredSealed(at)) {
    const own = holds.filter((hold) => hold.tenantNo === tenantNo)
    if (own.some(({ ownerNo, tokenNo }) => ownerNo === null && tokenNo === null)) continue
    const kept = (days.get(tenantNo) ?? RETENTION_DEFAULTS).sealedValues
    const exceptKeys = await keysOf({ records, subjectKeys }, own)
    const what = { before: at, max: SEALED_AT_ONCE, only: { tenantNo, exceptKeys } }
    const cut = at - kept * DAY_MS
    steps.push({
      dues: [{ ...nothing, tenantNo, class: 'sealed values', days: kept, cut, rows: count }],
      take: async () => {
        while ((await records.act('dropExpiredSealed', what)) === SEALED_AT_ONCE);
      },
    })
  }
  return steps
}

async function keysOf(
  { records, subjectKeys }: Pick<RetentionParts, 'records' | 'subjectKeys'>,
  holds: readonly Hold[],
): Promise<readonly string[]> {
  const ids: string[] = []
  for (const { tenantNo, ownerNo, tokenNo } of holds) {
    const owner = ownerNo ?? (tokenNo === null ? null : ((await records.read.tokenByNo(tokenNo))?.ownerNo ?? null))
    if (owner !== null) ids.push(...(await subjectKeys.of(tenantNo, owner)).map(({ id }) => id))
  }
  return ids
}

async function keySteps({ records, privacy }: RetentionParts, at: Milliseconds): Promise<readonly Step[]> {
  const keys = await records.read.oldKeys(at)
  if (keys === 0) return []
  return [
    {
      dues: [{ ...nothing, tenantNo: 0, class: 'pseudonym keys', days: null, cut: at, keys }],
      take: () => privacy.destroyExpiredKeys(at),
    },
  ]
}

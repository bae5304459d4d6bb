import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import type { Records, Tenant } from '../../records/records.ts'
import {
  type Bucket,
  countDay,
  type CubeStore,
  DAY_MS,
  HOUR_MS,
  keepReleased,
  pulseOf,
  releasedOf,
  UNATTRIBUTED,
  usualHours,
} from './buckets.ts'
import { type Cell, GROUP_MIN, rounded, suppress } from './suppress.ts'

/** Makes the figures that viewers see: each bucket once, when it is over, and never again. */
export interface ViewerRelease {
  /** Releases what is over, is not released yet and did not change since the run before; gives how many buckets. */
  run(): Promise<number>
  close(): Promise<void>
}

/** What comes later than so after the end of its bucket is in no figure for viewers. */
const LATE_MS = 10 * 60_000
/** So far back a bucket is made that was never made. */
const BACK_DAYS = 90
const EVERY_MS = 60_000
/** Hours of a day with traffic that a tenant has at least to be shown by the hour. */
const BUSY_HOURS = 12

/** Starts it; on one server of several it looks every minute. */
export function startViewerRelease(o: {
  readonly records: Records
  readonly store: CubeStore
  readonly clock: Clock
  readonly log: Log
}): ViewerRelease {
  const { records, store, clock, log } = o
  const leadership = records.lead('viewer')
  let running: Promise<number> | undefined
  /** What had happened on each day a run ago, and when it was last made: a day is made once nothing more comes, and again when it does. */
  let before: ReadonlyMap<number, string> = new Map()
  const made = new Map<number, string>()

  async function releaseAll(): Promise<number> {
    const now = clock.now()
    const today = Math.floor(now / DAY_MS)
    const pulse = await pulseOf(store, { from: today - BACK_DAYS, to: today, until: now - LATE_MS })
    const settled = [...pulse].filter(([day, sum]) => before.get(day) === sum && made.get(day) !== sum)
    before = pulse
    if (settled.length === 0) return 0
    const tenants = await records.read.tenants()
    const released = await releasedOf(store, today - BACK_DAYS, today)
    let count = 0
    for (const [day, sum] of settled) {
      count += await releaseDay(store, { day, now, tenants, released: released.filter(({ at }) => dayOf(at) === day) })
      made.set(day, sum)
    }
    for (const day of made.keys()) if (day < today - BACK_DAYS) made.delete(day)
    return count
  }

  function run(): Promise<number> {
    running ??= releaseAll().finally(() => (running = undefined))
    return running
  }

  const runLogged = (): void => {
    if (!leadership.isLeading()) return
    run().catch((error: unknown) => log.warn({ err: error }, 'figures for viewers could not be made; tried again in a minute'))
  }
  const timer = setInterval(runLogged, EVERY_MS).unref()
  return {
    run,
    async close() {
      clearInterval(timer)
      await leadership.close()
      await running?.catch(() => undefined)
    },
  }
}

interface Day {
  readonly day: number
  readonly now: Milliseconds
  readonly tenants: readonly Tenant[]
  readonly released: readonly { readonly tenantNo: number; readonly at: Milliseconds; readonly hours: 1 | 24 }[]
}

/** Hours of a day whose late events are in, too. */
function hoursOver(day: number, now: Milliseconds): number {
  return Math.max(0, Math.min(24, Math.floor((now - LATE_MS - day * DAY_MS) / HOUR_MS)))
}

async function releaseDay(store: CubeStore, { day, now, tenants, released }: Day): Promise<number> {
  const isOver = (end: Milliseconds): boolean => end + LATE_MS <= now
  const over = hoursOver(day, now)
  if (over === 0) return 0
  const simulated = tenants.filter((tenant) => tenant.simulated).map(({ no }) => no)
  const done = Map.groupBy(released, ({ tenantNo }) => tenantNo)
  const open = tenants.filter(({ no }) => !isDone(done.get(no), over))
  if (open.length === 0) return 0
  const lengths = await lengthsOf(store, { day, tenants: open, done, simulated })
  let count = 0
  for (const hours of [1, 24] as const) {
    const nos = open.filter(({ no }) => lengths.get(no) === hours).map(({ no }) => no)
    if (nos.length === 0 || (hours === 24 && !isOver((day + 1) * DAY_MS))) continue
    const counted = await countDay(store, day, { hours, tenants: nos, simulated })
    const fresh = counted.filter(({ tenantNo, at }) => {
      return isOver(at + hours * HOUR_MS) && !done.get(tenantNo)?.some((known) => known.at === at)
    })
    await keepReleased(store, fresh.map(shown))
    count += fresh.length
  }
  return count
}

function isDone(released: Day['released'] | undefined, over: number): boolean {
  return released !== undefined && (released[0]?.hours === 24 || released.length >= over)
}

/**
 * A day is shown by the hour or as a whole, never both: from one the other's small groups could be found. The day before decides, so that
 * the day itself says nothing by it; what was released of the day already stands.
 */
async function lengthsOf(
  store: CubeStore,
  o: {
    readonly day: number
    readonly tenants: readonly Tenant[]
    readonly done: ReadonlyMap<number, Day['released']>
    readonly simulated: readonly number[]
  },
): Promise<ReadonlyMap<number, 1 | 24>> {
  const usual = await usualHours(store, o.day - 1, o.simulated)
  return new Map(
    o.tenants.map(({ no }) => {
      const known = o.done.get(no)?.[0]?.hours
      const { hours = 0, owners = 0 } = usual.get(no) ?? {}
      return [no, known ?? (hours >= BUSY_HOURS && owners >= GROUP_MIN ? 1 : 24)]
    }),
  )
}

/** A bucket as it may be shown: attributed cells among themselves, and what is nobody's by its sources. */
export function shown(bucket: Bucket): Bucket {
  const cells = bucket.cells.filter(({ key }) => key !== UNATTRIBUTED)
  const nobodys = bucket.cells.filter(({ key, members }) => key === UNATTRIBUTED && members.length >= GROUP_MIN)
  return { ...bucket, cells: [...suppress(cells, GROUP_MIN), ...nobodys].map(round) }
}

function round(cell: Cell): Cell {
  return { ...cell, count: rounded(cell.count) }
}

function dayOf(at: Milliseconds): number {
  return Math.floor(at / DAY_MS)
}

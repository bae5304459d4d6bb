import { DECISION_REASONS, type DecisionReason, FLAGS, OUTCOMES, type ReasonClass, reasonName } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { decodeFrame } from '../event/frame.ts'
import type { EventRow } from '../event/row.ts'
import type { Journal, JournalBatch } from '../journal/journal.ts'
import type { Records } from '../records/records.ts'
import { viewsOf } from '../query/event-view.ts'
import { storedForm } from './event-view.ts'
import type { LiveMessage, LiveSecond } from './messages.ts'

/** What a subscriber wants to hear. */
interface LiveFilter {
  /** Whether the role may read rows: without it only `counts` and `watermark` come. */
  readonly events: boolean
}

/** Hears messages; gives false when it cannot take more, and is then dropped. */
type LiveListener = (message: LiveMessage) => boolean

/** Spreads what the journal has made durable, per tenant, within a quarter of a second. */
export interface LiveHub {
  /** Gives the way out. A dropped listener has been told by a `notice`. */
  subscribe(tenantNo: number, filter: LiveFilter, listener: LiveListener): () => void
  subscribers(): number
  close(): void
}

/** Events shown in detail per tenant and flush; the rest is only counted. */
const SAMPLE_MAX = 25
const FLUSH_MS = 250

type Subscriber = { readonly filter: LiveFilter; readonly listener: LiveListener }
type Tenant = { readonly subscribers: Set<Subscriber>; seconds: Map<number, Counts>; sample: EventRow[]; seen: number }
type Counts = Record<ReasonClass, number>

/**
 * Nothing is decoded while nobody listens. Memory per tenant is bounded: a few seconds of counts, and a uniform sample
 * of at most `SAMPLE_MAX` events per flush (reservoir sampling).
 */
export function createLiveHub(o: { journal: Journal; records: Records; clock: Clock; random?: () => number }): LiveHub {
  const tenants = new Map<number, Tenant>()
  const random = o.random ?? Math.random
  let timer: NodeJS.Timeout | undefined

  const stop = o.journal.onJournalled((batch: JournalBatch) => {
    if (tenants.size === 0) return
    for (const row of decodeFrame(batch.frame)) take(tenants.get(row.tenant), row, random)
    timer ??= setTimeout(flush, FLUSH_MS).unref()
  })

  function flush(): void {
    timer = undefined
    const [now, watermark] = [o.clock.now(), o.journal.watermark()]
    for (const [tenantNo, tenant] of tenants) {
      if (tenant.seen === 0) continue
      const { seconds, sample } = tenant
      Object.assign(tenant, { seconds: new Map(), sample: [], seen: 0 })
      tell(tenant, { name: 'counts', data: { seconds: secondsOf(seconds) } })
      tell(tenant, { name: 'watermark', data: { now, watermark } })
      void showSample(tenantNo, tenant, sample)
    }
  }

  /** One look-up per sample. Where records cannot be read the counts go out without it. */
  async function showSample(tenantNo: number, tenant: Tenant, sample: readonly EventRow[]): Promise<void> {
    if (![...tenant.subscribers].some(({ filter }) => filter.events)) return
    const reader = { read: o.records.read, tenantNo, now: o.clock.now() }
    const views = await viewsOf(sample.map(storedForm), reader).catch(() => [])
    for (const data of views) tell(tenant, { name: 'event', data })
  }

  function tell(tenant: Tenant, message: LiveMessage): void {
    for (const subscriber of tenant.subscribers) {
      if (message.name === 'event' && !subscriber.filter.events) continue
      if (!subscriber.listener(message)) tenant.subscribers.delete(subscriber)
    }
  }

  return {
    subscribe(tenantNo, filter, listener) {
      const tenant = tenants.get(tenantNo) ?? { subscribers: new Set(), seconds: new Map(), sample: [], seen: 0 }
      const subscriber = { filter, listener }
      tenants.set(tenantNo, tenant)
      tenant.subscribers.add(subscriber)
      listener({ name: 'watermark', data: { now: o.clock.now(), watermark: o.journal.watermark() } })
      return () => {
        tenant.subscribers.delete(subscriber)
        if (tenant.subscribers.size === 0 && tenants.get(tenantNo) === tenant) tenants.delete(tenantNo)
      }
    },
    subscribers: () => [...tenants.values()].reduce((sum, tenant) => sum + tenant.subscribers.size, 0),
    close() {
      stop()
      clearTimeout(timer)
      for (const tenant of tenants.values())
        tell(tenant, { name: 'notice', data: { code: 'stopping', text: 'The server is stopping.' } })
      tenants.clear()
    },
  }
}

function take(tenant: Tenant | undefined, row: EventRow, random: () => number): void {
  if (!tenant) return
  if (row.outcome !== OUTCOMES.none && (row.flags & FLAGS.canary) === 0) count(tenant.seconds, row)
  tenant.seen += 1
  if (tenant.sample.length < SAMPLE_MAX) tenant.sample.push(row)
  else replaceOne(tenant, row, random)
}

function replaceOne(tenant: Tenant, row: EventRow, random: () => number): void {
  const place = Math.floor(random() * tenant.seen)
  if (place < SAMPLE_MAX) tenant.sample[place] = row
}

function count(seconds: Map<number, Counts>, row: EventRow): void {
  const reason = reasonName(row.reason)
  if (reason === undefined || !(reason in DECISION_REASONS)) return
  const at = Math.floor((row.occurredAt + row.delayMs) / 1000) * 1000
  const counts = seconds.get(at) ?? { accepted: 0, invalid: 0, forbidden: 0, throttled: 0, unavailable: 0 }
  counts[DECISION_REASONS[reason as DecisionReason].class] += row.count
  seconds.set(at, counts)
}

function secondsOf(seconds: ReadonlyMap<number, Counts>): LiveSecond[] {
  return [...seconds].sort(([a], [b]) => a - b).map(([at, counts]) => ({ at, ...counts }))
}

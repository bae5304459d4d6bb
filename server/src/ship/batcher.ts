import { OUTCOMES } from 'tokentrail'
import type { Milliseconds } from 'tokentrail'
import { canonicalRow } from '../event/canonical-row.ts'
import { isInBatch } from '../event/leaf.ts'
import type { EventRow } from '../event/row.ts'
import type { ReaderNotes } from '../journal/journal.ts'
import { closedNote, ownNote, readState, tenantNote } from './batch-notes.ts'
import type { TenantState } from './batch-notes.ts'
import { createOpenBatch } from './open-batch.ts'

/** A range of the journal: after `from`, up to and with `upTo`. */
export interface Range {
  readonly from: number
  readonly upTo: number
}

/**
 * Gathers each tenant's counted rows under one root until the batch is due: at most one per second and tenant, twenty per second
 * in all, and one without rows each hour. What changes comes back as notes, to be written together with the position of shipping:
 * so after a crash at any moment, batches and position belong together.
 *
 * Known weakness: with more than 1,200 tenants that have events in the same minute, a quiet one waits longer than that minute.
 */
export interface Batcher {
  /** Takes a range that is in the store, once: one that was taken before changes nothing. */
  take(range: Range, rows: readonly EventRow[], now: Milliseconds): ReaderNotes
  /** Closes what is due. */
  due(now: Milliseconds): ReaderNotes
  /** Tenants that shall have a batch even without events. */
  know(tenantNos: readonly number[], now: Milliseconds): void
  /** How many closed batches wait to be recorded. While many do, batches grow instead of becoming more. */
  waiting(batches: number): void
}

const TENANT_MS = 1000
const PER_SECOND = 20
const QUIET_MS = 60_000
const EMPTY_MS = 3_600_000
const WAITING_MAX = 200

/** Goes on from the notes of shipping; `journal` and `position` begin a journal that has none yet. */
export function createBatcher(o: { notes: ReadonlyMap<string, string>; journal: number; position: number }): Batcher {
  const { journal, since, tenants, first, ...state } = readState(o.notes, o)
  let { taken } = state
  let [waiting, spare, sparedAt] = [0, PER_SECOND, 0]

  function tenantOf(tenantNo: number, closedAt: Milliseconds): TenantState {
    const tenant = tenants.get(tenantNo) ?? { tenantNo, covered: since, closedAt, openedAt: 0, open: undefined, ownEvents: 0 }
    tenants.set(tenantNo, tenant)
    return tenant
  }

  function take({ from, upTo }: Range, rows: readonly EventRow[], now: Milliseconds): ReaderNotes {
    const notes = new Map<string, string | null>(first.splice(0))
    if (upTo <= taken) return notes
    if (from !== taken) throw new RangeError(`batches: expected the range after ${taken}, got the one after ${from}`)
    const touched = new Set<TenantState>()
    for (const row of inOrderOfLeaves(rows)) {
      if (isInBatch(row.type)) touched.add(addRow(row, now))
      else if (keep(notes, ownNote(row))) touched.add(countOwn(row))
    }
    taken = upTo
    notes.set('taken', String(taken))
    closeDue(now, notes)
    for (const tenant of touched) keep(notes, tenantNote(tenant))
    return notes
  }

  function countOwn(row: EventRow): TenantState {
    const tenant = tenantOf(row.tenant, 0)
    tenant.ownEvents += row.count
    return tenant
  }

  function addRow(row: EventRow, now: Milliseconds): TenantState {
    const tenant = tenantOf(row.tenant, 0)
    if (!tenant.open) Object.assign(tenant, { open: createOpenBatch(), openedAt: now })
    tenant.open?.add(row, canonicalRow(row), row.outcome === OUTCOMES.accepted, row.outcome === OUTCOMES.rejected)
    return tenant
  }

  function closeDue(now: Milliseconds, notes: Map<string, string | null>): void {
    spare = Math.min(PER_SECOND, spare + (Math.max(0, now - sparedAt) * PER_SECOND) / 1000)
    sparedAt = now
    if (waiting > WAITING_MAX) return
    for (const tenant of dueFirst([...tenants.values()], now).slice(0, Math.floor(spare))) {
      spare -= 1
      close(tenant, now, notes)
    }
  }

  function close(tenant: TenantState, now: Milliseconds, notes: Map<string, string | null>): void {
    const content = (tenant.open ?? createOpenBatch()).close()
    keep(notes, closedNote({ journal, tenantNo: tenant.tenantNo, from: tenant.covered, to: taken, ...content }))
    Object.assign(tenant, { covered: taken, closedAt: now, open: undefined })
    keep(notes, tenantNote(tenant))
  }

  return {
    take,
    due: (now) => {
      const notes = new Map<string, string | null>(first.splice(0))
      closeDue(now, notes)
      return notes
    },
    know: (tenantNos, now) => tenantNos.forEach((no) => tenantOf(no, now)),
    waiting: (batches) => {
      waiting = batches
    },
  }
}

/** Whether there was one to keep. */
function keep(notes: Map<string, string | null>, note: readonly [string, string] | undefined): boolean {
  if (note) notes.set(...note)
  return note !== undefined
}

/** Rows stand in a batch by writer and number: an order that the store can give again. */
function inOrderOfLeaves(rows: readonly EventRow[]): readonly EventRow[] {
  const after = (a: EventRow, b: EventRow): number => a.writer - b.writer || a.seq - b.seq
  return rows.every((row, i) => i === 0 || after(rows[i - 1] ?? row, row) <= 0) ? rows : rows.toSorted(after)
}

/** Whose batch is due: who has waited a minute first, then who has most rows; empty ones last. A clock that goes back closes. */
function dueFirst(tenants: readonly TenantState[], now: Milliseconds): readonly TenantState[] {
  const isDue = ({ open, closedAt }: TenantState): boolean => now < closedAt || now - closedAt >= (open ? TENANT_MS : EMPTY_MS)
  const lateSince = ({ open, openedAt }: TenantState): number => (open && now - openedAt >= QUIET_MS ? openedAt : Infinity)
  const first = (a: TenantState, b: TenantState): number => lateSince(a) - lateSince(b) || 0
  return tenants.filter(isDue).sort((a, b) => first(a, b) || (b.open?.rows ?? 0) - (a.open?.rows ?? 0))
}

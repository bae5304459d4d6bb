import { ACTORS, FACT_REASONS, type FactReason, OUTCOMES, TYPES } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { type EventRow, blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import { type Caller, OWN_SERVICE } from './caller.ts'
import type { Principal } from './principal.ts'

/** Why a reading was refused. */
export type ReadingRefusal = 'role_missing' | 'limit_principal' | 'cost_refused'

/** Notes what happens at Tokentrail's own door. */
export interface AccessEvents {
  /** 402: at most one event a second for each principal, route and reason, with the exact count. */
  readingRefused(principal: Principal, reason: ReadingRefusal, caller: Caller): void
  /** 404, 401 or 704: of what is alike at most one event a minute, with the exact count. */
  viewed(principal: Principal, type: ViewType, detail: Readonly<Record<string, unknown>>, caller: Caller): void
  /** 502: the exact cause stays inside. */
  signInRejected(tenantNo: number, method: SignInMethod, caller: Caller): void
  /** 503. */
  signedOut(principal: Principal, caller: Caller): void
  /** Appends the counts still held back. */
  close(): void
}

export type SignInMethod = 'token' | 'link'

/** A page that was opened, a reading that was answered, or files of the log that were fetched. */
export type ViewType = 'page.viewed' | 'report.viewed' | 'audit.read'

type Held = { row: EventRow; count: number; lastAt: number }

const HOLD_MS = 1000
const HOLD_VIEWS_MS = 60_000
const HELD_MAX = 10_000

export function createAccessEvents(o: { journal: Journal; privacy: Privacy; clock: Clock }): AccessEvents {
  const held = new Map<string, Held>()
  const append = (row: EventRow): void => void o.journal.append(row)

  function rowOf(
    tenantNo: number,
    type: ViewType | 'reading.rejected' | 'principal.sign_in_rejected' | 'principal.signed_out',
    caller: Caller,
  ): EventRow {
    const occurredAt = o.clock.now()
    const source = o.privacy.source(tenantNo, occurredAt, caller.ip, caller.userAgent)
    const { method, route, requestId } = caller
    return {
      ...blankEvent(),
      ...source,
      tenant: tenantNo,
      type: TYPES[type].id,
      occurredAt,
      service: OWN_SERVICE,
      method,
      route,
      requestId,
    }
  }

  function release(entry: Held): void {
    if (entry.count > 0) append({ ...entry.row, count: entry.count })
    entry.count = 0
  }

  function releaseAll(): void {
    for (const entry of held.values()) release(entry)
    held.clear()
  }

  /** Of what is alike one event now, and one with the count of what came since, once its time is over. */
  function hold(key: string, row: EventRow, holdMs: number): void {
    const entry = held.get(key) ?? { row, count: 0, lastAt: -Infinity }
    entry.count += 1
    if (row.occurredAt - entry.lastAt >= holdMs) {
      release({ ...entry, row })
      entry.count = 0
      entry.lastAt = row.occurredAt
    }
    entry.row = row
    held.set(key, entry)
    if (held.size > HELD_MAX) releaseAll()
  }

  return {
    readingRefused(principal, reason, caller) {
      const key = `${principal.tenantNo} ${principal.tokenNo} ${reason} ${caller.route}`
      hold(key, { ...rowOf(principal.tenantNo, 'reading.rejected', caller), ...actorOf(principal), ...rejected(reason) }, HOLD_MS)
    },
    viewed(principal, type, what, caller) {
      const detail = JSON.stringify(what)
      // The window moves with the clock; it is the same reading all the same.
      const key = `${type} ${principal.tenantNo} ${principal.tokenNo} ${caller.route} ${JSON.stringify({ ...what, from: 0, to: 0 })}`
      hold(key, { ...rowOf(principal.tenantNo, type, caller), ...actorOf(principal), detail }, HOLD_VIEWS_MS)
    },
    signInRejected(tenantNo, method, caller) {
      append({
        ...rowOf(tenantNo, 'principal.sign_in_rejected', caller),
        ...rejected('unauthenticated'),
        detail: JSON.stringify({ method }),
      })
    },
    signedOut: (principal, caller) =>
      append({ ...rowOf(principal.tenantNo, 'principal.signed_out', caller), ...actorOf(principal) }),
    close: releaseAll,
  }
}

function actorOf(principal: Principal): Pick<EventRow, 'actorNo' | 'actorKind' | 'ownerNo'> {
  return { actorNo: principal.actor.no, actorKind: ACTORS[principal.actor.kind], ownerNo: principal.ownerNo }
}

function rejected(reason: FactReason): Pick<EventRow, 'outcome' | 'reason'> {
  return { outcome: OUTCOMES.rejected, reason: FACT_REASONS[reason].id }
}

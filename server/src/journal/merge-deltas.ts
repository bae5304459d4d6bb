import { FLAGS } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { foldKey } from './folds.ts'
import { createHitters, distinctHitters, mergeHitters, topOf } from './hitters.ts'
import type { Hitters } from './hitters.ts'

interface Merged {
  readonly row: EventRow
  readonly hitters: Hitters
  untilAt: number
}

/**
 * Adds up the coalesced rows of one key, as they lie in the batches of one range of the journal; other rows pass unchanged.
 * A key's row stands where its first part stood, so the same range always gives the same rows, and Σ count stays.
 */
export function mergeDeltas(rows: readonly EventRow[]): EventRow[] {
  const byKey = new Map<string, Merged>()
  const result: EventRow[] = []
  for (const row of rows) {
    if ((row.flags & FLAGS.coalesced) === 0) result.push(row)
    else mergeInto(byKey, result, row)
  }
  for (const merged of byKey.values()) finish(merged)
  return result
}

function mergeInto(byKey: Map<string, Merged>, result: EventRow[], row: EventRow): void {
  const key = `${row.writer} ${foldKey(row, row.network)}`
  let merged = byKey.get(key)
  if (!merged) {
    byKey.set(key, (merged = { row: { ...row, count: 0, detail: '' }, hitters: createHitters(), untilAt: row.occurredAt }))
    result.push(merged.row)
  }
  merged.row.count += row.count
  merged.untilAt = Math.max(merged.untilAt, row.occurredAt + row.spanMs)
  merged.row.occurredAt = Math.min(merged.row.occurredAt, row.occurredAt)
  mergeHitters(merged.hitters, row.topFingerprints, row.topCounts, row.detail)
}

function finish({ row, hitters, untilAt }: Merged): void {
  const top = topOf(hitters)
  row.spanMs = untilAt - row.occurredAt
  row.distinct = distinctHitters(hitters)
  row.topFingerprints = top.fingerprints
  row.topCounts = top.counts
}

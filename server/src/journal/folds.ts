import { FLAGS } from 'tokentrail'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'
import { createHitters, distinctHitters, hit, hittersText, topOf } from './hitters.ts'
import type { Hitters } from './hitters.ts'

/** Events of a flood folded by kind of event, tenant, network and second, in memory of a fixed size. */
export interface Folds {
  add(row: EventRow, seq: number): void
  /** One row per key, with the number of the first event it stands for, and the folds are empty again. */
  take(): EventRow[]
  readonly count: number
}

/** Keys at once. Beyond them, networks are folded to 0. */
const KEYS_MAX = 16_384

interface Fold {
  readonly first: EventRow
  count: number
  lastAt: number
  readonly hitters: Hitters
}

/** What must be equal for two events of a flood to be counted as one. */
export function foldKey(row: EventRow, network: bigint): string {
  const second = Math.floor(row.occurredAt / 1000)
  return `${row.tenant} ${row.type} ${row.outcome} ${row.reason} ${row.kind} ${row.flags} ${row.fingerprintEpoch} ${network} ${second} ${row.service}`
}

/** Empty folds of one writer. */
export function createFolds(writer: number): Folds {
  let folds = new Map<string, Fold>()
  let networks = new Set<bigint>()
  let second = 0

  /** Networks are told apart up to a bound per second, so that a flood from everywhere ends in few rows too. */
  function networkOf(row: EventRow): bigint {
    const now = Math.floor(row.occurredAt / 1000)
    if (now !== second) {
      networks = new Set()
      second = now
    }
    if (networks.has(row.network)) return row.network
    if (networks.size >= KEYS_MAX || folds.size >= KEYS_MAX) return 0n
    networks.add(row.network)
    return row.network
  }

  function add(row: EventRow, seq: number): void {
    const network = networkOf(row)
    const key = foldKey(row, network)
    let fold = folds.get(key)
    if (!fold)
      folds.set(
        key,
        (fold = { first: firstOf(row, network, writer, seq), count: 0, lastAt: row.occurredAt, hitters: createHitters() }),
      )
    fold.count += row.count
    fold.first.occurredAt = Math.min(fold.first.occurredAt, row.occurredAt)
    fold.lastAt = Math.max(fold.lastAt, row.occurredAt)
    hit(fold.hitters, wordOf(row.fingerprint, 0), wordOf(row.fingerprint, 4))
  }

  function take(): EventRow[] {
    const rows = [...folds.values()].map(rowOf)
    folds = new Map()
    return rows
  }

  return {
    add,
    take,
    get count() {
      return folds.size
    },
  }
}

/** What the events of one fold share; what they do not share is left out. */
function firstOf(row: EventRow, network: bigint, writer: number, seq: number): EventRow {
  const { tenant, retention, schema, type, outcome, reason, kind, population, flags, occurredAt, fingerprintEpoch, service } = row
  const shared = {
    tenant,
    retention,
    schema,
    type,
    outcome,
    reason,
    kind,
    population,
    flags,
    occurredAt,
    fingerprintEpoch,
    service,
  }
  const place = network === 0n ? {} : { asn: row.asn, country: row.country }
  return { ...blankEvent(), ...shared, ...place, network, writer, seq }
}

function rowOf({ first, count, lastAt, hitters }: Fold): EventRow {
  const top = topOf(hitters)
  first.flags |= FLAGS.coalesced
  first.count = count
  first.spanMs = lastAt - first.occurredAt
  first.distinct = distinctHitters(hitters)
  first.topFingerprints = top.fingerprints
  first.topCounts = top.counts
  first.detail = hittersText(hitters)
  return first
}

function wordOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
}

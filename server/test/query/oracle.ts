/**
 * The slow, plain way to every answer: over an array of events, written from the definitions and not from the SQL.
 * Nothing of `src/query` or `src/metrics` is used here, only the vocabulary.
 */
import { DECISION_REASONS, FLAGS, KINDS, OUTCOMES, POPULATIONS, TYPES, type ReasonClass, type TokenKind } from 'tokentrail'
import type { EventRow } from '../../src/event/row.ts'

export interface Asked {
  readonly from: number
  readonly to: number
  readonly kind?: TokenKind
  readonly tokenNo?: number
}

const REASONS = Object.entries(DECISION_REASONS)

export function classOfRow(row: EventRow): ReasonClass | undefined {
  if (row.type !== TYPES['token.validated'].id && row.type !== TYPES['token.consumed'].id) return undefined
  if (row.outcome === OUTCOMES.accepted) return 'accepted'
  if (row.outcome !== OUTCOMES.rejected) return undefined
  const found = REASONS.find(([, reason]) => reason.id === row.reason)?.[1].class
  return found === 'accepted' ? undefined : found
}

export function isMetered(row: EventRow, simulatedTenant = false): boolean {
  const hidden = simulatedTenant ? FLAGS.canary : FLAGS.canary | FLAGS.simulated
  return (row.flags & hidden) === 0
}

/** The attempts that a question is about. */
export function attemptsIn(rows: readonly EventRow[], asked: Asked): EventRow[] {
  return rows.filter(
    (row) =>
      classOfRow(row) !== undefined &&
      isMetered(row) &&
      row.occurredAt >= asked.from &&
      row.occurredAt < asked.to &&
      (asked.kind === undefined || row.kind === KINDS[asked.kind]) &&
      (asked.tokenNo === undefined || row.tokenNo === asked.tokenNo),
  )
}

export function sum(rows: readonly EventRow[], holds: (row: EventRow) => boolean = () => true): number {
  let total = 0
  for (const row of rows) if (holds(row)) total += row.count
  return total
}

export const isFailed = (row: EventRow): boolean => ['invalid', 'forbidden'].includes(classOfRow(row) ?? '')
export const isClass =
  (name: ReasonClass) =>
  (row: EventRow): boolean =>
    classOfRow(row) === name

export function distinct(values: readonly unknown[]): number {
  return new Set(values).size
}

/** Start of the step by the calendar: what a person would say. */
export function startOfStep(at: number, step: string): number {
  const date = new Date(at)
  const [y, m, d, h, min] = [
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ]
  const starts: Readonly<Record<string, number>> = {
    minute: Date.UTC(y, m, d, h, min),
    '5minutes': Date.UTC(y, m, d, h, min - (min % 5)),
    hour: Date.UTC(y, m, d, h),
    '6hours': Date.UTC(y, m, d, h - (h % 6)),
    day: Date.UTC(y, m, d),
    week: Date.UTC(y, m, d - ((date.getUTCDay() + 6) % 7)),
  }
  return starts[step]!
}

export function reasonOf(row: EventRow): string {
  return REASONS.find(([, reason]) => reason.id === row.reason)?.[0] ?? 'other'
}

const nameIn = (table: Readonly<Record<string, number>>, id: number): string =>
  Object.entries(table).find(([, value]) => value === id)![0]

const KEYS: Readonly<Record<string, (row: EventRow) => string>> = {
  class: (row) => classOfRow(row)!,
  outcome: (row) => nameIn(OUTCOMES, row.outcome),
  reason: reasonOf,
  kind: (row) => nameIn(KINDS, row.kind),
  service: (row) => row.service,
  population: (row) => nameIn(POPULATIONS, row.population),
}

export function validationsByStep(
  rows: readonly EventRow[],
  asked: Asked,
  step: string,
  by?: string,
): { at: number; key: string; count: number }[] {
  const groups = Map.groupBy(attemptsIn(rows, asked), (row) => `${startOfStep(row.occurredAt, step)}|${by ? KEYS[by]!(row) : ''}`)
  return [...groups].map(([group, some]) => {
    const [at, key] = [group.slice(0, group.indexOf('|')), group.slice(group.indexOf('|') + 1)]
    return { at: Number(at), key, count: sum(some) }
  })
}

/** The element at rank ⌊level × n⌋ of the sorted values. */
export function quantile(values: readonly number[], level: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(level * sorted.length))]!
}

export function durations(rows: readonly EventRow[], outcome: number): number[] {
  return rows
    .filter((row) => row.outcome === outcome && row.durationUs > 0 && (row.flags & FLAGS.coalesced) === 0)
    .map((row) => row.durationUs)
}

export function totals(rows: readonly EventRow[], asked: Asked): Record<string, unknown> {
  const attempts = attemptsIn(rows, asked)
  const accepted = attempts.filter(isClass('accepted'))
  const judged = attempts.filter((row) => isClass('accepted')(row) || isFailed(row))
  const attributed = judged.filter((row) => row.population === POPULATIONS.attributed)
  const samples = durations(attempts, OUTCOMES.accepted)
  return {
    attempts: sum(attempts),
    accepted: sum(accepted),
    invalid: sum(attempts, isClass('invalid')),
    forbidden: sum(attempts, isClass('forbidden')),
    throttled: sum(attempts, isClass('throttled')),
    unavailable: sum(attempts, isClass('unavailable')),
    successRate: share(sum(attributed, isClass('accepted')), sum(attributed)),
    successRateAll: share(sum(judged, isClass('accepted')), sum(judged)),
    unattributed: sum(attempts, (row) => row.population === POPULATIONS.unattributed),
    replays: sum(attempts, (row) => row.outcome === OUTCOMES.rejected && reasonOf(row) === 'consumed'),
    activeTokens: distinct(accepted.filter((row) => row.tokenNo !== 0).map((row) => row.tokenNo)),
    networks: distinct(attempts.filter((row) => row.network !== 0n).map((row) => row.network)),
    latency:
      samples.length === 0
        ? null
        : { p50Us: quantile(samples, 0.5), p95Us: quantile(samples, 0.95), p99Us: quantile(samples, 0.99) },
  }
}

function share(numerator: number, denominator: number): { value: number; numerator: number; denominator: number } | null {
  return denominator === 0 ? null : { value: numerator / denominator, numerator, denominator }
}

export function rejectionsByReason(rows: readonly EventRow[], asked: Asked): Record<string, unknown>[] {
  const rejected = attemptsIn(rows, asked).filter((row) => row.outcome === OUTCOMES.rejected)
  return [...Map.groupBy(rejected, reasonOf)].map(([reason, some]) => ({
    reason,
    class: classOfRow(some[0]!),
    count: sum(some),
    tokens: distinct(some.filter((row) => row.tokenNo !== 0).map((row) => row.tokenNo)),
    networks: distinct(some.filter((row) => row.network !== 0n).map((row) => row.network)),
  }))
}

export interface TopToken {
  readonly no: number
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly throttled: number
  readonly lastAt: number
  readonly networks: number
}

export function topTokens(rows: readonly EventRow[], asked: Asked, measure: 'attempts' | 'failed', limit: number): TopToken[] {
  const known = attemptsIn(rows, asked).filter((row) => row.tokenNo !== 0)
  return [...Map.groupBy(known, (row) => row.tokenNo)]
    .map(([no, some]) => ({
      no,
      attempts: sum(some),
      accepted: sum(some, isClass('accepted')),
      failed: sum(some, isFailed),
      throttled: sum(some, isClass('throttled')),
      lastAt: Math.max(...some.map((row) => row.occurredAt)),
      networks: distinct(some.filter((row) => row.network !== 0n).map((row) => row.network)),
    }))
    .filter((row) => row[measure] > 0)
    .sort((a, b) => b[measure] - a[measure] || a.no - b.no)
    .slice(0, limit)
}

export function topNetworks(
  rows: readonly EventRow[],
  asked: Asked,
  measure: 'attempts' | 'failed',
  limit: number,
): Record<string, unknown>[] {
  return [...Map.groupBy(attemptsIn(rows, asked), (row) => row.network)]
    .map(([network, some]) => ({
      no: network,
      attempts: sum(some),
      accepted: sum(some, isClass('accepted')),
      failed: sum(some, isFailed),
      throttled: sum(some, isClass('throttled')),
      tokens: distinct(some.filter((row) => row.tokenNo !== 0).map((row) => row.tokenNo)),
      credentials: distinct(
        some.map((row) => Buffer.from(row.fingerprint).toString('hex')).filter((print) => !/^0*$/.test(print)),
      ),
    }))
    .filter((row) => row[measure] > 0)
    .sort((a, b) => b[measure] - a[measure] || (a.no < b.no ? -1 : 1))
    .slice(0, limit)
    .map(({ no, ...row }) => ({ ...row, network: networkText(no) }))
}

export function networkText(network: bigint): string {
  return network === 0n ? 'other' : `000000000000000${network.toString(16)}`.slice(-16)
}

export interface Use {
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly firstAt: number
  readonly lastAt: number
}

export function use(rows: readonly EventRow[]): Use {
  return {
    attempts: sum(rows),
    accepted: sum(rows, isClass('accepted')),
    failed: sum(rows, isFailed),
    firstAt: Math.min(...rows.map((row) => row.occurredAt)),
    lastAt: Math.max(...rows.map((row) => row.occurredAt)),
  }
}

export function usesBy(rows: readonly EventRow[], asked: Asked, label: (row: EventRow) => string): (Use & { name: string })[] {
  return [...Map.groupBy(attemptsIn(rows, asked), label)].map(([name, some]) => ({ name, ...use(some) }))
}

export function places(rows: readonly EventRow[]): Record<string, unknown>[] {
  const groups = Map.groupBy(rows, (row) => [networkText(row.network), row.asn, row.country, row.client].join('|'))
  return [...groups.values()].map((some) => ({
    network: networkText(some[0]!.network),
    asn: some[0]!.asn,
    country: some[0]!.country,
    client: some[0]!.client,
    ...use(some),
  }))
}

/** Newest first; ties by number. */
export function newestFirst(rows: readonly EventRow[]): EventRow[] {
  return rows.toSorted((a, b) => b.occurredAt - a.occurredAt || b.writer - a.writer || b.seq - a.seq)
}

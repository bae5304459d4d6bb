import { KINDS, parseEventId, type Milliseconds } from 'tokentrail'
import type { Share } from '../query/answer.ts'
import { IS_ATTEMPT } from '../query/classes.ts'
import type { Reader } from '../query/reader.ts'
import type { WindowParams } from '../query/rows.ts'
import { IS_METERED_RAW, OF } from '../query/scope.ts'
import { shareOf } from '../query/wilson.ts'

/** What one finding cites. */
export interface Citation {
  readonly detector: string
  readonly version: number
  /** When its detector could first know it. */
  readonly detectedAt: Milliseconds
  /** Ids of events, `evt_…`. */
  readonly events: readonly string[]
  /** Does it rest on more events than it names? */
  readonly more: boolean
}

/** Everything that findings of a window cite: not suppressed ones, of medium confidence or more. */
export interface Cited {
  readonly citations: readonly Citation[]
  /** More findings than are read. */
  readonly truncated: boolean
  /** True positives ÷ (true + false positives), by the verdicts of people. */
  readonly precision: Share | null
}

/** Asks whoever keeps findings. */
export type Citing = (tenantNo: number, window: { readonly from: Milliseconds; readonly to: Milliseconds }) => Promise<Cited>

export interface SuspiciousOfDetector {
  readonly detector: string
  readonly version: number
  readonly findings: number
  readonly attempts: number
  readonly succeeded: number
}

/** Attempts that findings cite, each counted once however many findings cite it; coalesced rows by count. */
export interface Suspicious {
  readonly attempts: number
  /** Suspicious ÷ all attempts. */
  readonly share: Share | null
  /** Accepted and suspicious: the ones that matter. */
  readonly succeeded: number
  readonly tokens: number
  readonly networks: number
  /** An attempt that two detectors cite stands at both. */
  readonly byDetector: readonly SuspiciousOfDetector[]
  /** The same as it was known at the end of the window: what was detected later is left out. */
  readonly knownThen: { readonly attempts: number; readonly succeeded: number }
  readonly precision: Share | null
  /** Findings rest on more events than they name. */
  readonly lowerBound: boolean
  readonly statement: 'no detectors yet' | 'attempts cited by findings of medium confidence or more'
}

/** Events in one question. */
const CHUNK = 5_000
/** Events that are looked up at most; beyond it the figure is a lower bound. */
const EVENTS_MAX = 50_000

const AT = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
const SQL = `SELECT writer, seq, toUInt64(count) AS n, outcome, token_no, toString(network) AS net FROM ${OF.events}
  AND occurred_at >= ${AT('from')} AND occurred_at < ${AT('to')} AND ${IS_METERED_RAW} AND ${IS_ATTEMPT} AND outcome != 0
  AND ({kind:UInt8} = 0 OR kind = {kind:UInt8})
  AND (writer, seq) IN (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({writers:Array(UInt32)}, {seqs:Array(UInt64)})) AS pair))`

export const SUSPICIOUS_SQL = [SQL]

interface Row {
  readonly writer: number
  readonly seq: number | string
  readonly n: number | string
  readonly outcome: number
  readonly token_no: number | string
  readonly net: string
}

const ACCEPTED = 1

/** Without anybody who keeps findings, nothing can be called suspicious. */
export const NO_DETECTORS: Suspicious = {
  attempts: 0,
  share: null,
  succeeded: 0,
  tokens: 0,
  networks: 0,
  byDetector: [],
  knownThen: { attempts: 0, succeeded: 0 },
  precision: null,
  lowerBound: false,
  statement: 'no detectors yet',
}

/** The suspicious attempts of a window, of all `attempts` in it. */
export async function suspiciousOf(params: WindowParams, attempts: number, reader: Reader, citing: Citing): Promise<Suspicious> {
  const { citations, truncated, precision } = await citing(reader.tenantNo, params)
  const ids = new Set(citations.flatMap(({ events }) => events))
  const rows = await rowsOf([...ids].slice(0, EVENTS_MAX), params, reader)
  const all = [...rows.values()]
  const cited = (some: readonly Citation[]) => rowsCited(some, rows)
  const then = cited(citations.filter(({ detectedAt }) => detectedAt <= params.to))
  const figures = { attempts: sum(all), succeeded: sum(all.filter(isAccepted)) }
  return {
    ...figures,
    share: shareOf(figures.attempts, Math.max(attempts, figures.attempts)),
    tokens: new Set(all.map((row) => Number(row.token_no)).filter((no) => no !== 0)).size,
    networks: new Set(all.map(({ net }) => net).filter((net) => net !== '0')).size,
    byDetector: byDetector(citations, cited),
    knownThen: { attempts: sum(then), succeeded: sum(then.filter(isAccepted)) },
    precision,
    lowerBound: truncated || ids.size > EVENTS_MAX || citations.some(({ more }) => more),
    statement: 'attempts cited by findings of medium confidence or more',
  }
}

async function rowsOf(ids: readonly string[], params: WindowParams, reader: Reader): Promise<ReadonlyMap<string, Row>> {
  const found = new Map<string, Row>()
  const numbers = ids.flatMap((id) => parseEventId(id) ?? [])
  for (let from = 0; from < numbers.length; from += CHUNK) {
    const some = numbers.slice(from, from + CHUNK)
    const rows = await reader.rows<Row>(SQL, {
      from: params.from,
      to: params.to,
      kind: KINDS[params.kind ?? 'none'],
      writers: some.map(({ writer }) => writer),
      seqs: some.map(({ seq }) => seq),
    })
    for (const row of rows) found.set(`${row.writer} ${row.seq}`, row)
  }
  return found
}

/** The rows of some citations, each once. */
function rowsCited(citations: readonly Citation[], rows: ReadonlyMap<string, Row>): readonly Row[] {
  const ids = new Set(citations.flatMap(({ events }) => events))
  return [...ids].flatMap((id) => {
    const number = parseEventId(id)
    return (number && rows.get(`${number.writer} ${number.seq}`)) ?? []
  })
}

function byDetector(
  citations: readonly Citation[],
  cited: (some: readonly Citation[]) => readonly Row[],
): readonly SuspiciousOfDetector[] {
  const groups = Map.groupBy(citations, ({ detector, version }) => JSON.stringify([detector, version]))
  const figures = [...groups.values()].map((some) => {
    const rows = cited(some)
    const { detector = '', version = 0 } = some[0] ?? {}
    return { detector, version, findings: some.length, attempts: sum(rows), succeeded: sum(rows.filter(isAccepted)) }
  })
  return figures.toSorted(
    (a, b) => b.attempts - a.attempts || a.detector.localeCompare(b.detector, 'en') || a.version - b.version,
  )
}

function isAccepted({ outcome }: Row): boolean {
  return outcome === ACCEPTED
}

function sum(rows: readonly Row[]): number {
  return rows.reduce((total, { n }) => total + Number(n), 0)
}

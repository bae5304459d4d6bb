import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { parseEventId } from 'tokentrail'
import { readRecords } from '../connect/read-files.ts'
import { createOfflineRows, type OfflineRows } from '../connect/offline.ts'
import { CATALOGUE } from '../detect/catalogue.ts'
import { explain } from '../detect/desk/explain.ts'
import { findingId } from '../detect/desk/identity.ts'
import { createEngine } from '../detect/engine.ts'
import { packAssignments } from '../detect/rules/rule-desk.ts'
import { TrailError } from '../errors.ts'
import type { EntityLimits } from '../detect/entity/records.ts'
import type { Fact, Found, Subject } from '../detect/finding.ts'
import type { EventRow } from '../event/row.ts'

export interface DetectOptions {
  /** Events in the ingest format, one per line, plain or gzip. */
  readonly in: string
  /** One finding per line. A finding that grows is written again, with the same id. */
  readonly out: string
  readonly limits?: Partial<EntityLimits>
}

/** What a run over a file came to. */
export interface DetectSummary {
  readonly events: number
  readonly rejected: number
  readonly findings: number
  /** First reasons why lines were no events. */
  readonly reasons: readonly string[]
}

const BATCH_MAX = 1000
const REASONS_MAX = 10
/** What is judged when its time is over is judged a little after the last event. */
const AFTER_MS = 70_000

/**
 * Runs all detectors over a file of events, in event time and without a server: what a server would have found had it received each event
 * when it occurred. Lines should be in order of time. The same file always gives the same findings.
 */
export async function runDetect(options: DetectOptions): Promise<DetectSummary> {
  const engine = createEngine(options.limits ? { limits: options.limits } : {})
  engine.useRules(packAssignments())
  const rows = createOfflineRows()
  const out = createWriteStream(options.out)
  const opened = once(out, 'open')
  await opened
  const count = { events: 0, rejected: 0, findings: 0 }
  const reasons: string[] = []
  let batch: EventRow[] = []
  let watermark = 0

  async function write(found: readonly Found[]): Promise<void> {
    count.findings += found.length
    const text = found.map((finding) => `${JSON.stringify(view(finding, rows))}\n`).join('')
    if (text !== '' && !out.write(text)) await once(out, 'drain')
  }

  async function flush(): Promise<void> {
    await write(engine.take(batch, watermark))
    batch = []
  }

  for await (const scanned of readRecords(options.in)) {
    const row = 'refused' in scanned ? scanned.refused : rowOf(rows, scanned.value, scanned.position)
    if (typeof row === 'string') {
      count.rejected++
      if (reasons.length < REASONS_MAX) reasons.push(`record ${scanned.position}: ${row}`)
      continue
    }
    count.events++
    watermark = Math.max(watermark, row.occurredAt)
    batch.push(row)
    if (batch.length >= BATCH_MAX) await flush()
  }
  await flush()
  await write(engine.pass(watermark + AFTER_MS))
  out.end()
  await finished(out)
  return { ...count, reasons }
}

function rowOf(rows: OfflineRows, value: unknown, position: number): EventRow | string {
  try {
    return rows.row(value, position)
  } catch (error) {
    if (error instanceof TrailError) return error.message
    throw error
  }
}

/** A finding for readers outside: public ids, times as text, its sentence. */
function view(found: Found, rows: OfflineRows): object {
  const { detector, severity, confidence, from, to, detectedAt, measured, features, unless, evidence, evidenceCount, caveats } =
    found
  const techniques = detector in CATALOGUE ? CATALOGUE[detector as keyof typeof CATALOGUE].techniques : []
  return {
    id: findingId(found),
    detector,
    severity,
    confidence,
    subject: subjectOf(found.subject, rows),
    from: iso(from),
    to: iso(to),
    detectedAt: iso(detectedAt),
    sentence: explain(found, rows.names).sentence,
    facts: Object.fromEntries(Object.entries(found.facts).map(([name, fact]) => [name, factOf(fact, rows)])),
    measured,
    features,
    unless,
    evidence: evidence.map(evidenceOf),
    evidenceCount,
    techniques,
    caveats,
    touches: found.touches.map((subject) => subjectOf(subject, rows)),
  }
}

function subjectOf({ kind, key }: Subject, { names }: OfflineRows): Subject {
  if (kind === 'token') return { kind, key: names.token(Number(key))?.id ?? key }
  return { kind, key: kind === 'owner' || kind === 'principal' ? (names.owner(Number(key)) ?? key) : key }
}

function factOf({ as, value }: Fact, { names }: OfflineRows): object {
  if (as === 'token') return { as, value: names.token(value)?.id ?? value }
  if (as === 'owner') return { as, value: names.owner(value) ?? value }
  return as === 'time' ? { as, value: iso(value) } : { as, value: as === 'event' ? evidenceOf(value) : value }
}

/** Events without a number of their own were numbered by line. */
function evidenceOf(id: string): string {
  const parsed = parseEventId(id)
  return parsed?.writer === 0 ? `line:${parsed.seq}` : id
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

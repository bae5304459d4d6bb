import { cannotSay, fails, holds, type Outcome } from './outcome.ts'

/** What completeness needs of an entry. `shown` is asked for only where it matters. */
export interface Taken {
  readonly index: number
  readonly type: string
  readonly tenant: string
  readonly n: number
  /** ISO time. */
  readonly at: string
  shown(): unknown
}

/** What is known of a stretch of the log. Plain data: stretches are gathered in threads and joined in order. */
export interface Summary {
  entries: number
  types: Map<string, number>
  tenants: Map<string, NumberRun>
  batches: Map<string, BatchRun>
  beats: { first: Beat; last: Beat } | undefined
  firstAt: string | undefined
  lastAt: string | undefined
  /** What is wrong, the first ones; `wrongCount` counts them all. */
  wrong: Wrong[]
  wrongCount: number
  silences: Silence[]
  silenceCount: number
}

/** First and last number of a tenant, and where the first one stands. */
interface NumberRun {
  readonly first: number
  last: number
  readonly index: number
}

export interface Wrong {
  readonly index: number
  readonly what: string
}

interface Beat {
  readonly index: number
  readonly at: number
}

interface Silence {
  readonly index: number
  readonly from: number
  readonly to: number
}

/** Batches of one tenant and journal: what was counted before the first and after the last. */
interface BatchRun {
  readonly before: BatchTotals
  after: BatchTotals
  /** Where the first one stands. */
  readonly index: number
}

interface BatchTotals {
  readonly position: number
  readonly rows: number
  readonly events: number
}

const LISTED_MAX = 100
/** Kinds of entries, tenants, and journals of tenants that are followed at once: far more than there are. */
const [TYPES_MAX, RUNS_MAX] = [4096, 1_000_000]
/** Heartbeats come every 60 s; a timer may be a little late. */
const SILENCE_MS = 65_000
/** Members of a `log.batch` entry's `shown` that must add up. */
const BATCH_NUMBERS = ['from', 'to', 'rows', 'events', 'accepted', 'rejected', 'rowsTotal', 'eventsTotal'] as const
/** A tenant without events gets an empty batch each hour. */
const QUIET_MS = 3_660_000

/** Nothing seen yet. */
export function emptySummary(): Summary {
  return {
    entries: 0,
    types: new Map(),
    tenants: new Map(),
    batches: new Map(),
    beats: undefined,
    firstAt: undefined,
    lastAt: undefined,
    wrong: [],
    wrongCount: 0,
    silences: [],
    silenceCount: 0,
  }
}

/** Adds the next entry. */
export function take(summary: Summary, entry: Taken): void {
  summary.entries += 1
  countType(summary, entry.type, 1, entry.index)
  summary.firstAt ??= entry.at
  summary.lastAt = entry.at
  follow(summary, entry.tenant, { first: entry.n, last: entry.n, index: entry.index })
  if (entry.type === 'log.heartbeat') beat(summary, { index: entry.index, at: Date.parse(entry.at) })
  if (entry.type === 'log.batch') addBatch(summary, entry)
}

/** Adds the stretch that follows. */
export function join(summary: Summary, next: Summary): void {
  for (const [tenant, run] of next.tenants) follow(summary, tenant, run)
  for (const [key, run] of next.batches) followBatch(summary, key, run)
  if (next.beats) {
    beat(summary, next.beats.first)
    if (summary.beats) summary.beats.last = next.beats.last
  }
  for (const [type, count] of next.types) countType(summary, type, count, summary.entries)
  summary.entries += next.entries
  summary.firstAt ??= next.firstAt
  summary.lastAt = next.lastAt ?? summary.lastAt
  summary.wrongCount += next.wrongCount
  summary.wrong = [...summary.wrong, ...next.wrong].sort((one, other) => one.index - other.index).slice(0, LISTED_MAX)
  summary.silenceCount += next.silenceCount
  summary.silences = [...summary.silences, ...next.silences].slice(0, LISTED_MAX)
}

/** Says that something about an entry is wrong. */
export function addWrong(summary: Summary, index: number, what: string): void {
  summary.wrongCount += 1
  if (summary.wrong.length < LISTED_MAX) summary.wrong.push({ index, what })
}

/** Whose entries the stretch holds, and until when they should be there. */
export interface Expected {
  readonly scope: 'range' | 'tenant' | 'selection'
  readonly tenant?: string
  /** End of the period, ISO. */
  readonly to?: string
}

/** Check `completeness`: numbers without holes, totals that add up, and what was silent. */
export function checkCompleteness(summary: Summary, expected: Expected, file?: string): Outcome {
  if (expected.scope === 'selection')
    return cannotSay('completeness', 'These entries were picked. Nothing is claimed about what stands between them.')
  const [first] = summary.wrong
  const notes = notesOf(summary, expected)
  if (first)
    return fails(
      'completeness',
      `Something is missing or was put in: ${first.what} at entry ${format(first.index)}${summary.wrongCount > 1 ? `, and ${format(summary.wrongCount - 1)} more` : ''}.`,
      { index: first.index, ...(file === undefined ? {} : { file }) },
      [...summary.wrong.slice(1, 20).map(({ index, what }) => `Entry ${format(index)}: ${what}.`), ...notes],
    )
  if (summary.entries === 0) return cannotSay('completeness', 'There is no entry, so no number can be missing.', notes)
  return holds('completeness', sentence(summary, expected), notes)
}

function sentence(summary: Summary, expected: Expected): string {
  const whose =
    expected.scope === 'tenant'
      ? `The numbers of tenant ${expected.tenant ?? ''}`
      : `The numbers of ${format(summary.tenants.size)} ${summary.tenants.size === 1 ? 'tenant' : 'tenants'}`
  const batches = summary.types.get('log.batch') ?? 0
  const totals = batches === 0 ? '' : `, and the totals of ${format(batches)} batches of counted events follow each other`
  return `${whose} have no holes in ${format(summary.entries)} entries${totals}.`
}

function notesOf(summary: Summary, expected: Expected): string[] {
  return [...typesNote(summary), ...lossNote(summary), ...silenceNotes(summary, expected), ...tailNote(summary, expected)]
}

function typesNote(summary: Summary): string[] {
  const types = [...summary.types].sort(([, one], [, other]) => other - one)
  if (types.length === 0) return []
  const named = types.slice(0, 12).map(([type, count]) => `${type} ${format(count)}`)
  return [`Entries by type: ${named.join(', ')}${types.length > 12 ? `, and ${types.length - 12} more types` : ''}.`]
}

function lossNote(summary: Summary): string[] {
  const losses = summary.types.get('loss.declared') ?? 0
  return losses === 0 ? [] : [`${format(losses)} entries declare that events were lost. A loss that is declared is no hole.`]
}

function silenceNotes(summary: Summary, expected: Expected): string[] {
  if (expected.scope === 'tenant')
    return ['Heartbeats are entries of the install, so this cannot say whether the recorder was at work all the time.']
  if (!summary.beats) return ['There is no heartbeat, so silence and rest cannot be told apart.']
  if (summary.silenceCount === 0) return ['Heartbeats are never more than 60 s apart.']
  const listed = summary.silences.slice(0, 10).map(({ index, from, to }) => {
    return `Silent for ${format(Math.round((to - from) / 1000))} s from ${iso(from)}, until entry ${format(index)}. Nothing states what happened meanwhile.`
  })
  return [`${format(summary.silenceCount)} times no heartbeat came for more than 60 s.`, ...listed]
}

/** What is left out at either end leaves no hole; the packs before and after bound it, and the hourly batch says for how long. */
function tailNote(summary: Summary, expected: Expected): string[] {
  const run = expected.scope === 'tenant' ? summary.tenants.get(expected.tenant ?? '') : undefined
  if (!run || expected.to === undefined || summary.lastAt === undefined) return []
  const before = run.first === 1 ? '' : `the pack before must end with ${format(run.first - 1)}, `
  const quiet = Date.parse(expected.to) - Date.parse(summary.lastAt) > QUIET_MS
  return [
    `They go from ${format(run.first)} to ${format(run.last)}. What is left out at either end leaves no hole: ${before}the next one must begin with ${format(run.last + 1)}.`,
    ...(quiet ? [`Nothing shows what came after ${summary.lastAt}: a tenant at rest has a batch every hour.`] : []),
  ]
}

function countType(summary: Summary, type: string, count: number, index: number): void {
  const before = summary.types.get(type)
  if (before === undefined && summary.types.size >= TYPES_MAX)
    addWrong(summary, index, `there are more than ${format(TYPES_MAX)} types of entries`)
  else summary.types.set(type, (before ?? 0) + count)
}

function follow(summary: Summary, tenant: string, next: NumberRun): void {
  const run = summary.tenants.get(tenant)
  if (!run && summary.tenants.size >= RUNS_MAX) addWrong(summary, next.index, `there are more than ${format(RUNS_MAX)} tenants`)
  else if (!run) summary.tenants.set(tenant, { ...next })
  else {
    if (next.first !== run.last + 1)
      addWrong(summary, next.index, `tenant ${tenant} goes on with ${format(next.first)} after ${format(run.last)}`)
    run.last = next.last
  }
}

function beat(summary: Summary, next: Beat): void {
  const last = summary.beats?.last
  if (last && next.at - last.at > SILENCE_MS) {
    summary.silenceCount += 1
    if (summary.silences.length < LISTED_MAX) summary.silences.push({ index: next.index, from: last.at, to: next.at })
  }
  summary.beats = { first: summary.beats?.first ?? next, last: next }
}

function addBatch(summary: Summary, entry: Taken): void {
  const shown = membersOf(entry.shown())
  const [from, to, rows, events, accepted, rejected, rowsTotal, eventsTotal] = BATCH_NUMBERS.map((name) => shown[name])
  const numbers = [from, to, rows, events, accepted, rejected, rowsTotal, eventsTotal].filter((each) => typeof each === 'number')
  if (numbers.length < BATCH_NUMBERS.length) return addWrong(summary, entry.index, 'a batch lacks one of its numbers')
  const [start = 0, end = 0, own = 0, decisions = 0, good = 0, bad = 0, ownTotal = 0, decisionsTotal = 0] = numbers
  if (good + bad > decisions) addWrong(summary, entry.index, 'a batch has more accepted and rejected than events')
  const run = {
    before: { position: start, rows: ownTotal - own, events: decisionsTotal - decisions },
    after: { position: end, rows: ownTotal, events: decisionsTotal },
    index: entry.index,
  }
  return followBatch(summary, `${entry.tenant}/${String(shown['journal'])}`, run)
}

/** Nothing of what is no object. */
function membersOf(shown: unknown): Readonly<Record<string, unknown>> {
  return typeof shown === 'object' && shown !== null ? (shown as Readonly<Record<string, unknown>>) : {}
}

function followBatch(summary: Summary, key: string, next: BatchRun): void {
  const run = summary.batches.get(key)
  if (!run) {
    if (summary.batches.size < RUNS_MAX) summary.batches.set(key, { ...next })
    else addWrong(summary, next.index, `there are batches of more than ${format(RUNS_MAX)} journals`)
    return
  }
  const { position, rows, events } = run.after
  if (next.before.position !== position || next.before.rows !== rows || next.before.events !== events)
    addWrong(summary, next.index, `the totals of batches of ${key} do not continue`)
  run.after = next.after
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function format(value: number): string {
  return value.toLocaleString('en-US')
}

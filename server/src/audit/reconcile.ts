import { eventId, TYPES } from 'tokentrail'
import type { Milliseconds } from 'tokentrail'
import type { Ending, RecordReads } from '../records/records.ts'
import type { ReconcileToken } from '../records/reconcile-reads.ts'
import type { Store } from '../store/store.ts'
import { checkLedger } from './reconcile-ledger.ts'
import { verdict } from './reconcile-check.ts'
import type { ReconcileCheck, Reconciled, ReconcileParts, ReconcilePlace } from './reconcile-check.ts'
import { checkBatches, sampleBatches } from './reconcile-batches.ts'

export type { ReconcileCheck, Reconciled, ReconcileParts } from './reconcile-check.ts'

const IDS_AT_ONCE = 500
const TOKENS_AT_ONCE = 500
/** Since when an issue must be in the store: older events may have aged. Until when: newer ones may not be there yet. */
const LATELY_MS = 28 * 86_400_000
const SETTLED_MS = 3_600_000
/** Endings that are critical events; the others follow from the clock and are counted. */
const ENDED_BY_ACTION: ReadonlySet<Ending> = new Set<Ending>(['consumed', 'revoked', 'locked', 'exhausted'])
/** Their events. */
const ENDING_TYPES = [
  TYPES['token.consumed'].id,
  TYPES['token.revoked'].id,
  TYPES['token.locked'].id,
  TYPES['token.exhausted'].id,
]
/** Recoveries that are looked at, the newest; clocks of several servers may differ by so much. */
const RECOVERIES_MAX = 100
const SKEW_MS = 600_000
/** The name of the place among the notes of shipping. */
const PLACE = 'reconciled'
const BEGIN: ReconcilePlace = { critical: {}, batches: {} }

/**
 * Compares records, journal and store with the audit log: whether everything that must have a leaf has one, and whether what was
 * received is what was recorded. Goes on where the last run that held has ended.
 */
export async function reconcile(parts: ReconcileParts): Promise<Reconciled> {
  const notes = await parts.journal.notes('ship')
  const known = notes.get(PLACE)
  const place = known === undefined ? BEGIN : (JSON.parse(known) as ReconcilePlace)
  const recoveries = await recoveriesOf(parts.read)
  const isRecovered = recoveries.length > 0
  const critical = await checkCritical(parts.read, place)
  const tokens = await checkTokens(parts, recoveries)
  const batches = await checkBatches(parts.read, place, isRecovered)
  const checks = [critical.check, tokens, batches.check, await sampleBatches(parts), await checkLedger(parts, isRecovered)]
  const isGood = checks.every(({ state }) => state !== 'fails')
  const next: ReconcilePlace = { critical: critical.place, batches: batches.place }
  if (isGood) await parts.journal.passed('ship', 0, undefined, new Map([[PLACE, JSON.stringify(next)]]))
  return { at: parts.clock.now(), isGood, checks }
}

/** What was done after a restored backup, as the log says it: when, and whether older tokens were ended. */
interface Recovery {
  readonly at: Milliseconds
  readonly isReissued: boolean
}

async function recoveriesOf(read: RecordReads): Promise<readonly Recovery[]> {
  const entries = await read.logPage({ type: 'log.recovered' }, { limit: RECOVERIES_MAX })
  return entries.map(({ at, bytes }) => {
    const { shown } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly shown: { readonly choice: string | null } }
    return { at, isReissued: shown.choice === 'reissue' }
  })
}

/** Every number that was given to a critical event has a leaf, or waits for its place; the next run begins with the first that waits. */
async function checkCritical(read: RecordReads, before: ReconcilePlace) {
  const wrong: string[] = []
  const place: Record<string, number> = { ...before.critical }
  let [count, waits] = [0, 0]
  for (const { writer, seq } of await read.criticalWriters()) {
    let isSettled = true
    for (let from = (place[writer] ?? 0) + 1; from <= seq; from += IDS_AT_ONCE) {
      const to = Math.min(seq, from + IDS_AT_ONCE - 1)
      const ids = Array.from({ length: to - from + 1 }, (_, i) => eventId(writer, from + i))
      const known = await read.knownToLog(ids)
      wrong.push(...ids.filter((id) => !known.has(id)))
      const entered = ids.findIndex((id) => known.get(id) !== 'entered')
      if (isSettled) place[writer] = entered === -1 ? to : from + entered - 1
      isSettled &&= entered === -1
      count += ids.length
      waits += ids.filter((id) => known.get(id) === 'waiting').length
    }
  }
  const says = `Each of ${count} critical events since the last run has its leaf${waits === 0 ? '' : `, or waits for its place (${waits})`}.`
  return { place, check: verdict('critical', wrong, says, 'critical events have no leaf') }
}

/** Every token that came lately has the event of its issue, and each that an action ended names a critical event that was given. */
async function checkTokens({ read, store, clock }: ReconcileParts, recoveries: readonly Recovery[]): Promise<ReconcileCheck> {
  const wrong: string[] = []
  const given = new Map((await read.criticalWriters()).map(({ writer, seq }) => [writer, seq]))
  const lately = (at: Milliseconds): boolean => at > clock.now() - LATELY_MS && at < clock.now() - SETTLED_MS
  let count = 0
  for (let after = 0, more = true; more;) {
    const tokens = await read.tokensAfter(after, TOKENS_AT_ONCE)
    const fresh = tokens.filter(({ observed, knownSince }) => !observed && lately(knownSince)).map(({ no }) => no)
    const issued = await issuedIn(store, fresh)
    wrong.push(...fresh.filter((no) => !issued.has(no)).map((no) => `token ${no}: no event of its issue`))
    const silent = tokens.filter((token) => endedInSilence(token, given))
    const applied = await appliedByRecovery(store, silent, recoveries, clock.now() - LATELY_MS)
    wrong.push(...silent.filter(({ no }) => !applied.has(no)).map(({ no }) => `token ${no}: no event of its end`))
    count += tokens.length
    after = tokens.at(-1)?.no ?? after
    more = tokens.length === TOKENS_AT_ONCE
  }
  return verdict(
    'tokens',
    wrong,
    `Each of ${count} tokens has the events of its issue and its end.`,
    'tokens changed without an event',
  )
}

function endedInSilence({ observed, ending, endedBy }: ReconcileToken, given: ReadonlyMap<number, number>): boolean {
  if (observed || ending === null || !ENDED_BY_ACTION.has(ending)) return false
  return !endedBy || endedBy.seq > (given.get(endedBy.writer) ?? 0)
}

async function issuedIn(store: Pick<Store, 'query'>, nos: readonly number[]): Promise<ReadonlySet<number>> {
  if (nos.length === 0) return new Set()
  const { rows } = await store.query<{ no: number }>({
    sql: `SELECT DISTINCT token_no AS no FROM events WHERE has({nos:Array(UInt64)}, token_no) AND type IN (101, 102)`,
    params: { nos },
  })
  return new Set(rows.map(({ no }) => no))
}

/**
 * Tokens that a recovery ended: their numbers were given after the backup, so these records do not know them, and the store holds the
 * event from which the ending was read, for as long as it holds any. What was to be issued anew ended at the moment of the recovery.
 */
async function appliedByRecovery(
  store: Pick<Store, 'query'>,
  silent: readonly ReconcileToken[],
  recoveries: readonly Recovery[],
  keptSince: Milliseconds,
): Promise<ReadonlySet<number>> {
  const last = Math.max(...recoveries.map(({ at }) => at))
  const known = silent.filter(({ endedBy, endedAt }) => endedBy !== null && endedAt !== null && endedAt <= last + SKEW_MS)
  const inStore = await endingsIn(store, known)
  const applied = known.filter((token) => (token.endedAt ?? 0) < keptSince || inStore.has(keyOf(token)))
  const reissued = silent.filter(
    ({ endedBy, endedAt, ending }) =>
      endedBy === null && ending === 'revoked' && recoveries.some(({ at, isReissued }) => isReissued && at === endedAt),
  )
  return new Set([...applied, ...reissued].map(({ no }) => no))
}

async function endingsIn(store: Pick<Store, 'query'>, tokens: readonly ReconcileToken[]): Promise<ReadonlySet<string>> {
  if (tokens.length === 0) return new Set()
  const { rows } = await store.query<Record<'no' | 'writer' | 'seq', number | string>>({
    sql: `SELECT token_no AS no, writer, seq FROM events WHERE has({nos:Array(UInt64)}, token_no) AND has({types:Array(UInt16)}, type)`,
    params: { nos: tokens.map(({ no }) => no), types: ENDING_TYPES },
  })
  return new Set(rows.map(({ no, writer, seq }) => `${no} ${writer} ${seq}`))
}

function keyOf({ no, endedBy }: ReconcileToken): string {
  return `${no} ${endedBy?.writer} ${endedBy?.seq}`
}

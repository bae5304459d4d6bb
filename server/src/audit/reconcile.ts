import { eventId } from 'tokentrail'
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
  const isRecovered = (await parts.read.logPage({ type: 'log.recovered' }, { limit: 1 })).length > 0
  const critical = await checkCritical(parts.read, place)
  const tokens = await checkTokens(parts)
  const batches = await checkBatches(parts.read, place, isRecovered)
  const checks = [critical.check, tokens, batches.check, await sampleBatches(parts), await checkLedger(parts, isRecovered)]
  const isGood = checks.every(({ state }) => state !== 'fails')
  const next: ReconcilePlace = { critical: critical.place, batches: batches.place }
  if (isGood) await parts.journal.passed('ship', 0, undefined, new Map([[PLACE, JSON.stringify(next)]]))
  return { at: parts.clock.now(), isGood, checks }
}

/** Every number that was given to a critical event has a leaf, or waits for its place. */
async function checkCritical(read: RecordReads, before: ReconcilePlace) {
  const wrong: string[] = []
  const place: Record<string, number> = { ...before.critical }
  let count = 0
  for (const { writer, seq } of await read.criticalWriters()) {
    for (let from = (place[writer] ?? 0) + 1; from <= seq; from += IDS_AT_ONCE) {
      const to = Math.min(seq, from + IDS_AT_ONCE - 1)
      const ids = Array.from({ length: to - from + 1 }, (_, i) => eventId(writer, from + i))
      wrong.push(...(await missing(read, ids)))
      count += ids.length
    }
    place[writer] = seq
  }
  const says = `Each of ${count} critical events since the last run has its leaf.`
  return { place, check: verdict('critical', wrong, says, 'critical events have no leaf') }
}

/** Every token that came lately has the event of its issue, and each that an action ended names a critical event that was given. */
async function checkTokens({ read, store, clock }: ReconcileParts): Promise<ReconcileCheck> {
  const wrong: string[] = []
  const given = new Map((await read.criticalWriters()).map(({ writer, seq }) => [writer, seq]))
  const lately = (at: Milliseconds): boolean => at > clock.now() - LATELY_MS && at < clock.now() - SETTLED_MS
  let count = 0
  for (let after = 0, more = true; more;) {
    const tokens = await read.tokensAfter(after, TOKENS_AT_ONCE)
    const fresh = tokens.filter(({ observed, knownSince }) => !observed && lately(knownSince)).map(({ no }) => no)
    const issued = await issuedIn(store, fresh)
    wrong.push(...fresh.filter((no) => !issued.has(no)).map((no) => `token ${no}: no event of its issue`))
    wrong.push(...tokens.filter((token) => endedInSilence(token, given)).map(({ no }) => `token ${no}: no event of its end`))
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

async function missing(read: RecordReads, ids: readonly string[]): Promise<readonly string[]> {
  const wrong: string[] = []
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const some = ids.slice(from, from + IDS_AT_ONCE)
    const known = await read.knownToLog(some)
    wrong.push(...some.filter((id) => !known.has(id)))
  }
  return wrong
}

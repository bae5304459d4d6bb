import { eventId, FLAGS } from 'tokentrail'
import { bloomAdd, bloomHas, clear, distinctIn, fill, mark } from './bits.ts'
import type { FillableMoment } from './moment.ts'
import { DAY_SECONDS } from './odd.ts'
import { FAILED_WORDS, RECENT_FAILURES, SOURCE_WINDOWS } from './records.ts'
import { mix } from './table.ts'

const HOUR = 3600
const WEEK = 7 * DAY_SECONDS
/** A link that is opened so soon after it was sent is opened by a machine, if its network does that again and again. */
export const EARLY_MS = 15_000

/** Counts a failure of a source: distinct credentials in windows of a minute to a day. */
export function countFailure(moment: FillableMoment): void {
  const { event, memory, source: row, second, client } = moment
  if (row < 0) return
  const s = memory.sources.fields
  turnDay(moment)
  const fresh = freshCredentials(moment)
  SOURCE_WINDOWS.forEach((seconds, i) => {
    const from = second - (second % seconds)
    // what comes later than a window after its own is of another time
    if (from < s.windowFrom.get(row, i) - seconds) return
    if (from > s.windowFrom.get(row, i)) turnWindow(moment, i, from)
    s.attempts.set(row, s.attempts.get(row, i) + event.count, i)
    s.distinct.set(row, s.distinct.get(row, i) + fresh, i)
  })
  const next = s.recentNext.get(row)
  s.recentWriter.set(row, event.writer, next)
  s.recentSeq.set(row, event.seq, next)
  s.recentNext.set(row, (next + 1) % RECENT_FAILURES)
  s.failedAt.set(row, second)
  s.client.set(row, client)
}

/** How many credentials of this row were not seen failing here today or yesterday; more than 1 only of a coalesced row. */
function freshCredentials({ event, memory, source: row }: FillableMoment): number {
  const s = memory.sources.fields
  if ((event.flags & FLAGS.coalesced) !== 0) return Math.max(event.distinct, event.topFingerprints.length)
  const hash = credentialHash(event)
  if (bloomHas(s.failedBefore, row, FAILED_WORDS, hash) || !bloomAdd(s.failedToday, row, FAILED_WORDS, hash)) return 0
  // a fuller filter hides more of the new ones: each that shows stands for them
  const full = Math.min(0.97, fill(s.failedToday, row, FAILED_WORDS))
  return 1 / (1 - full * full)
}

/** A hash of the credential that a failing event is about. */
export function credentialHash({ fingerprint, claimedNo }: FillableMoment['event']): number {
  const word = (i: number): number =>
    ((fingerprint[i] ?? 0) << 24) |
    ((fingerprint[i + 1] ?? 0) << 16) |
    ((fingerprint[i + 2] ?? 0) << 8) |
    (fingerprint[i + 3] ?? 0)
  return mix(word(0) ^ claimedNo, word(4))
}

function turnDay({ memory, source: row, second }: FillableMoment): void {
  const s = memory.sources.fields
  const day = Math.floor(second / DAY_SECONDS)
  const known = s.failedDay.get(row)
  if (day <= known) return
  for (let i = 0; i < FAILED_WORDS; i++) s.failedBefore.set(row, day === known + 1 ? s.failedToday.get(row, i) : 0, i)
  clear(s.failedToday, row, FAILED_WORDS)
  s.failedDay.set(row, day)
}

/** A finished hour teaches what is ordinary, little at a time and never more than ten. */
function turnWindow({ memory, source: row }: FillableMoment, i: number, from: number): void {
  const s = memory.sources.fields
  const before = s.windowFrom.get(row, i)
  if (SOURCE_WINDOWS[i] === HOUR && before > 0) {
    const hours = (from - before) / HOUR
    const seen = Math.min(s.distinct.get(row, i), 10)
    s.ordinary.set(row, s.ordinary.get(row) * Math.pow(0.994, hours) + 0.006 * seen)
  }
  s.windowFrom.set(row, from, i)
  s.attempts.set(row, 0, i)
  s.distinct.set(row, 0, i)
  s.hits.set(row, 0, i)
}

/** Counts an accepted use of a source: its owners and tokens, and those that are strange here. */
export function countAccepted(moment: FillableMoment): void {
  const { event, memory, source: row, second, odd } = moment
  if (row < 0) return
  const s = memory.sources.fields
  turnHour(moment)
  s.accepted.set(row, s.accepted.get(row) + event.count)
  s.lastAccepted.set(row, second)
  mark(s.hourOwners, row, 4, event.ownerNo)
  mark(s.hourTokens, row, 4, event.tokenNo >>> 0)
  mark(s.weekOwners, row, 2, event.ownerNo)
  if (odd.place > 0) mark(s.hourStrange, row, 2, event.ownerNo)
  if (odd.place > 0) mark(s.weekStrange, row, 2, event.ownerNo)
  if (second - s.failedAt.get(row) > DAY_SECONDS) return
  for (let i = 0; i < SOURCE_WINDOWS.length; i++) if (odd.isNewNetwork) s.hits.set(row, s.hits.get(row, i) + 1, i)
}

function turnHour({ memory, source: row, second }: FillableMoment): void {
  const s = memory.sources.fields
  const hour = Math.floor(second / HOUR)
  if (hour > s.hour.get(row)) {
    s.ownersMax.set(row, Math.max(s.ownersMax.get(row), distinctIn(s.hourOwners, row, 4)))
    s.hour.set(row, hour)
    clear(s.hourOwners, row, 4)
    clear(s.hourTokens, row, 4)
    clear(s.hourStrange, row, 2)
  }
  const week = Math.floor(second / WEEK)
  if (week <= s.week.get(row)) return
  s.week.set(row, week)
  clear(s.weekStrange, row, 2)
  clear(s.weekOwners, row, 2)
}

/** Notes a source that opens a link within seconds. */
export function countWin({ event, memory, source: row, token, at, second }: FillableMoment): void {
  if (row < 0) return
  const s = memory.sources.fields
  if ((event.flags & FLAGS.check) !== 0) s.looks.set(row, s.looks.get(row) + 1)
  s.accepted.set(row, s.accepted.get(row) + 1)
  s.lastAccepted.set(row, second)
  const issuedAt = memory.singles.fields.issuedAt.get(token)
  s.links.set(row, s.links.get(row) + 1)
  if (issuedAt > 0 && at - issuedAt <= EARLY_MS) s.earlyLinks.set(row, s.earlyLinks.get(row) + 1)
}

/** Ids of the newest failures of a source, oldest first. */
export function recentFailures({ memory, source: row }: Pick<FillableMoment, 'memory' | 'source'>): readonly string[] {
  if (row < 0) return []
  const { recentNext, recentSeq, recentWriter } = memory.sources.fields
  const ids: string[] = []
  for (let i = 0; i < RECENT_FAILURES; i++) {
    const at = (recentNext.get(row) + i) % RECENT_FAILURES
    if (recentSeq.get(row, at) > 0) ids.push(eventId(recentWriter.get(row, at), recentSeq.get(row, at)))
  }
  return ids
}

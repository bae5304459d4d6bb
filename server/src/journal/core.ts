import { FLAGS, POPULATIONS, TYPES } from 'tokentrail'
import type { LossReason, Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { createFrameWriter } from '../event/frame.ts'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'
import type { Commit, Passed, Snapshot } from './file.ts'
import { createFloodGate, floodEvent } from './flood.ts'
import type { FloodChange, FloodLimits } from './flood.ts'
import { createFolds } from './folds.ts'
import { filledGaps, findGaps } from './gaps.ts'
import { createGroup } from './group.ts'
import type { Group } from './group.ts'
import type { Durability, Journal, JournalBatch, JournalReader, JournalState, ReaderNotes, Shipped } from './journal.ts'
import { createLedger } from './ledger.ts'
import { createLosses, lossEvent } from './losses.ts'
import { highWater, NO_MARK } from './marks.ts'
import type { Mark } from './marks.ts'
import { createProgress } from './progress.ts'
import { createReceiver } from './receiver.ts'
import { promiseOf } from './tally.ts'
import type { Tally } from './tally.ts'
import { JournalFailure } from './thread.ts'
import type { JournalThread, ThreadEvents } from './thread.ts'

export interface JournalParts {
  readonly writer: number
  readonly clock: Clock
  readonly bytesMax: number
  readonly log: Log
  readonly limits: FloodLimits
  readonly thread: JournalThread
  readonly snapshot: Snapshot
  /** Makes the sample of a flood unpredictable. */
  readonly sampleKey: number
  unlock(): void
}

const FRAME_BYTES_MAX = 256 * 1024
/** Bytes taken and not yet durable. The disk would have to stand still for seconds. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024
/** Between one transaction and the next, so that more share it: a commit costs as much for one event as for a hundred. */
const PAUSE_MS = 1
const TICK_MS = 1000
/** Full to this share, the journal keeps unattributed events only folded. */
const HIGH_MARK = 0.75
/** How long the id of a foreign event is known. */
const SOURCE_DAYS_MAX = 400
const DAY_MS = 86_400_000
const NO_NOTES: ReaderNotes = new Map()
const ANSWERED_LOST: Promise<Durability> = Promise.resolve('lost')

/** The journal on the main thread: numbers, groups, counts and tells; the thread writes. */
export function createJournal(parts: JournalParts): { readonly journal: Journal } & ThreadEvents {
  const { writer, clock, bytesMax, log, limits, thread, snapshot } = parts
  const frames = createFrameWriter({ bytesMax: FRAME_BYTES_MAX })
  const folds = createFolds(writer)
  const ledger = createLedger(snapshot.totals)
  const losses = createLosses()
  const marks = new Map<number, Mark>(snapshot.marks)
  const readers: Partial<Record<JournalReader, number>> = { ...snapshot.readers }
  const listeners = new Set<(batch: JournalBatch) => void>()
  const inStore = createProgress(() => readers.ship ?? 0)
  const gate = createFloodGate({ clock, limits, key: parts.sampleKey, onChange: noteFlood })
  const receiver = createReceiver({
    marks,
    now: () => clock.now(),
    seen: (ids) => thread.call('seen', ids),
    write: offer,
    repeat,
    settle,
  })
  let lastSeq = marks.get(writer)?.high ?? 0
  let { commits, position } = snapshot
  let waiting = snapshot.waiting
  let damaged = snapshot.damaged
  let lastFailure: string | null = null
  let group = nextGroup()
  let sending: { readonly group: Group; readonly commit: Commit; readonly bytes: number } | undefined
  /** A transaction of which only the file knows whether it was done. */
  let orphan: typeof sending
  let isArmed = false
  let isFailing = false
  let isClosed = false
  let slice = 0
  const ticking = setInterval(tick, TICK_MS).unref()
  for (const loss of snapshot.undeclared) losses.note({ ...loss, writer, from: clock.now(), to: clock.now() })

  function nextGroup(): Group {
    return createGroup({ frames, folds, receivedAt: clock.now(), ownMark: () => [writer, { high: lastSeq, gaps: [] }] })
  }

  // taking

  function append(row: EventRow): Promise<Durability> {
    if (isClosed) return ANSWERED_LOST
    if (!hasRoom()) return lose(row, 'journal_full')
    if (row.writer !== 0) return take(row, row.writer, row.seq, row.flags)
    const kept = row.population === POPULATIONS.unattributed ? gate.judge(row.tenant, lastSeq + 1, isPressed()) : 'detail'
    if (kept !== 'fold') return take(row, writer, ++lastSeq, kept === 'sample' ? row.flags | FLAGS.sampled : row.flags)
    openGroup().fold(row, ++lastSeq)
    return group.written
  }

  function take(row: EventRow, by: number, seq: number, flags: number): Promise<Durability> {
    return openGroup().add(row, by, seq, flags) ? group.written : lose(row, 'oversize')
  }

  function lose(row: EventRow, reason: LossReason): Promise<Durability> {
    openGroup().drop(row, reason)
    const at = clock.now()
    losses.note({ tenant: row.tenant, promise: promiseOf(row.type), writer, reason, count: row.count, from: at, to: at })
    return group.dropped
  }

  function hasRoom(): boolean {
    const inFlight = group.bytes + (sending?.bytes ?? 0)
    return inFlight < IN_FLIGHT_BYTES_MAX && waiting.bytes + inFlight < bytesMax
  }

  function isPressed(): boolean {
    return waiting.bytes > bytesMax * HIGH_MARK
  }

  /** The gathering group, which will be sent. Its time is that of its first event. */
  function openGroup(): Group {
    if (group.isEmpty && !group.hasCarried) group = nextGroup()
    if (isArmed || sending) return group
    isArmed = true
    setImmediate(send)
    return group
  }

  function offer(row: EventRow): 'new' | 'lost' {
    if (isClosed || !hasRoom()) return 'lost'
    const gathering = openGroup()
    let isTaken = false
    gathering.offering(() => (isTaken = gathering.add(row, row.writer || writer, row.writer ? row.seq : ++lastSeq)))
    if (!isTaken) void lose(row, 'oversize')
    return 'new'
  }

  function repeat(row: EventRow): void {
    openGroup().aside(row.tenant, promiseOf(row.type)).repeated += row.count
  }

  async function settle(moved: ReadonlyMap<number, Mark>, sourceIds: readonly Uint8Array[]): Promise<boolean> {
    const gathering = openGroup()
    for (const row of filledGaps(marks, moved, clock.now())) void take(row, writer, ++lastSeq, 0)
    gathering.attach({ marks: [...moved], sourceIds })
    return (await gathering.written) === 'journalled'
  }

  // sending

  function send(): void {
    isArmed = false
    if (sending || (group.isEmpty && !group.hasCarried)) return
    const sealed = group
    const commit = sealed.seal()
    sending = { group: sealed, commit, bytes: bytesOf(commit) }
    group = nextGroup()
    thread.call('commit', commit).then(
      (last) => succeed(sealed, commit, last),
      (error: Error) => {
        if (isUnknown(error)) orphan = sending
        else failGroup(sealed, error)
      },
    )
  }

  function succeed(sealed: Group, commit: Commit, last: number): void {
    ledger.committed([...commit.batches.flatMap(({ tallies }) => tallies), ...commit.aside])
    const bytes = waiting.bytes + bytesOf(commit)
    const oldest = waiting.oldest ?? commit.batches[0]?.receivedAt ?? null
    waiting = { bytes, batches: waiting.batches + commit.batches.length, oldest }
    finish(sealed, commit, last)
  }

  function finish(sealed: Group, commit: Commit, last: number): void {
    position = last
    commits++
    sending = undefined
    isFailing = false
    sealed.succeed()
    commit.batches.forEach(({ receivedAt, frame }, i) =>
      tell({ position: last - commit.batches.length + 1 + i, receivedAt, frame }),
    )
    sendLater()
  }

  function failGroup(sealed: Group, error: Error): void {
    const reason = error instanceof JournalFailure && error.full ? 'journal_full' : 'journal_failed'
    fail(error.message)
    const { aside, declared, lost } = sealed.fail(reason)
    sending = undefined
    isFailing = true
    group.carry([...aside, ...lost])
    declared.forEach(losses.note)
    lost.forEach((tally) => noteLost(tally, reason, sealed.receivedAt))
    sendLater()
  }

  /** After the thread was started anew: the file tells whether the transaction under way was done. */
  async function restarted(): Promise<void> {
    try {
      const found = await thread.call('snapshot')
      ledger.reset(found.totals)
      ;({ waiting, damaged } = found)
      Object.assign(readers, found.readers)
      if (orphan && found.commits > commits) finish(orphan.group, orphan.commit, found.position)
      else if (orphan) failGroup(orphan.group, new Error("The journal's thread ended before it wrote."))
      orphan = undefined
    } catch (error) {
      if (orphan && !isUnknown(error)) failGroup(orphan.group, error as Error)
      if (!isUnknown(error)) orphan = undefined
    }
  }

  function noteLost({ tenant, promise, dropped }: Tally, reason: LossReason, from: Milliseconds): void {
    losses.note({ tenant, promise, writer, reason, count: dropped[reason] ?? 0, from, to: clock.now() })
  }

  function sendLater(): void {
    if (isArmed || group.isEmpty) return
    isArmed = true
    setTimeout(send, PAUSE_MS)
  }

  function tell(batch: JournalBatch): void {
    for (const listener of listeners) {
      try {
        listener(batch)
      } catch (error) {
        log.error({ err: error }, 'A listener of the journal failed')
      }
    }
  }

  function fail(message: string): void {
    if (message !== lastFailure) log.error({ failure: message }, 'The journal reports a failure')
    lastFailure = message
  }

  // telling

  function tick(): void {
    gate.settle()
    declareLosses()
    receiver.between(tellGaps)
    if (group.hasCarried) send()
    slice = (slice + 1) % 256
    thread
      .call('forgetSources', { slice, day: Math.floor(clock.now() / DAY_MS) - SOURCE_DAYS_MAX })
      .catch((error: Error) => fail(error.message))
  }

  function declareLosses(): void {
    if (losses.count === 0 || isFailing || !hasRoom()) return
    for (const loss of losses.take()) {
      void take(lossEvent(loss, clock.now()), writer, ++lastSeq, 0)
      group.declare(loss)
    }
  }

  async function tellGaps(): Promise<void> {
    const found = findGaps(marks, clock.now())
    if (found.rows.length === 0 || isClosed || isFailing || !hasRoom()) return
    for (const row of found.rows) void take(row, writer, ++lastSeq, 0)
    if (await settle(found.marks, [])) for (const [of, mark] of found.marks) marks.set(of, mark)
  }

  function noteFlood(change: FloodChange): void {
    void take(floodEvent(change, clock.now()), writer, ++lastSeq, 0)
  }

  const declareLoss: Journal['declareLoss'] = (loss) => {
    if (isClosed) return
    const lost = { ...blankEvent(), type: TYPES['token.validated'].id, tenant: loss.tenant, count: loss.count }
    openGroup().drop(lost, loss.reason)
    losses.note({ ...loss, promise: promiseOf(lost.type) })
  }

  // passing

  async function passed(reader: JournalReader, upTo: number, shipped?: Shipped, notes: ReaderNotes = NO_NOTES): Promise<void> {
    const reply = await thread.call('passed', { reader, position: upTo, damaged: shipped?.damaged ?? [], notes })
    waiting = reply.waiting
    readers[reader] = Math.max(readers[reader] ?? 0, Math.min(upTo, position))
    ledger.moved(reply.moves)
    if (reader === 'ship') noteShipped(reply, shipped)
    inStore.moved()
  }

  function noteShipped({ moves }: Passed, shipped: Shipped | undefined): void {
    const at = clock.now()
    damaged += shipped?.damaged?.length ?? 0
    for (const { tenant, promise, damaged: count } of moves) {
      if (count > 0) losses.note({ tenant, promise, writer, reason: 'journal_failed', count, from: at, to: at })
    }
    const [stored, coalesced] = [sum(moves, 'stored'), sum(moves, 'coalesced')]
    if (!shipped || moves.length === 0 || (stored === shipped.stored && coalesced === shipped.coalesced)) return
    fail(`The store took ${shipped.stored} + ${shipped.coalesced} events of batches that hold ${stored} + ${coalesced}.`)
  }

  async function register(reader: JournalReader): Promise<number> {
    return (readers[reader] = await thread.call('register', reader))
  }

  async function shipped(timeoutMs: number): Promise<void> {
    await flush()
    await inStore.reached(position, timeoutMs)
  }

  async function flush(): Promise<void> {
    const before = group
    const isFilled = !before.isEmpty || before.hasCarried
    await sending?.group.written
    // an empty group gives its place to the next one, and is never written
    const gathering = isFilled ? before : group
    if (gathering.isEmpty && !gathering.hasCarried) return
    if (gathering === group && !isArmed && !sending) send()
    await gathering.written
  }

  function watermark(): Milliseconds {
    const times = [waiting.oldest, sending?.group.receivedAt, group.isEmpty ? null : group.receivedAt]
    const known = times.filter((time) => time !== null && time !== undefined)
    return known.length > 0 ? Math.min(...known) : clock.now()
  }

  function state(): JournalState {
    return {
      bytes: waiting.bytes,
      bytesMax,
      batchesWaiting: waiting.batches,
      batchesDamaged: damaged,
      oldestWaiting: waiting.oldest,
      coalescingTenants: gate.flooded(),
      lastFailure,
      setAside: snapshot.setAside,
    }
  }

  async function close(): Promise<void> {
    if (isClosed) return
    declareLosses()
    isClosed = true
    clearInterval(ticking)
    await flush()
    await thread.close()
    parts.unlock()
  }

  const journal: Journal = {
    writer,
    append,
    receive: receiver.receive,
    highWater: (of) => Promise.resolve(of === writer ? lastSeq : highWater(marks.get(of) ?? NO_MARK)),
    declareLoss,
    position: () => position,
    readers: () => ({ ...readers }),
    register,
    passed,
    knows: (sourceIds) => (sourceIds.length === 0 ? Promise.resolve([]) : thread.call('seen', sourceIds)),
    scrub: () => thread.call('scrub'),
    notes: (reader) => thread.call('notes', reader),
    onJournalled(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    conservation: (promise, tenant) =>
      ledger.conservation([...group.underway(), ...(sending?.group.underway() ?? [])], promise, tenant),
    watermark,
    flush,
    shipped,
    state,
    close,
  }
  return { journal, failed: fail, restarted: () => void restarted() }
}

function isUnknown(error: unknown): boolean {
  return error instanceof JournalFailure && error.isUnknown
}

function bytesOf({ batches }: Commit): number {
  return batches.reduce((total, { frame }) => total + frame.byteLength + 100, 0)
}

function sum(moves: Passed['moves'], field: 'stored' | 'coalesced'): number {
  return moves.reduce((total, move) => total + move[field], 0)
}

import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { decodeFrame, frameRows } from '../event/frame.ts'
import type { EventRow } from '../event/row.ts'
import { openJournalReader } from '../journal/read.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { createEngine } from './engine.ts'
import type { Found } from './finding.ts'
import type { FromWatchThread, ToWatchThread, WatchThreadOptions } from './watch-messages.ts'

/** Messages of findings on their way to be kept, at most. */
const UNKEPT_MAX = 64
/** How long the end waits for the last findings to be kept; what is not is found again at the next start. */
const LAST_KEPT_MS = 3000
/** Events of history that are put in order at once; what is beyond follows as it came. */
const HISTORY_MAX = 1_000_000
const HISTORY_BATCH = 1000
/** A page that shows nothing new is asked for again after this. */
const AGAIN_MS = 200

const { journalFile, checkpointFile, engine: options, rules, marks, pace, ...start } = workerData as WatchThreadOptions
let { zones } = start
const newEngine = () => {
  const made = createEngine(options)
  made.useZones(new Map(zones))
  made.useRules(rules)
  made.useMarks(marks)
  return made
}
let engine = newEngine()
const reader = openJournalReader(journalFile)
const closing = new AbortController()
const closed = once(closing.signal, 'abort')
const at = { position: start.passed, newest: start.upTo, now: start.now, receivedAt: 0, leaveTo: 0 }
const sent = { no: 0, kept: 0 }
const checkpoint = { position: -1, ms: performance.now(), isWanted: false }
let events = 0
/** Newest subject that was forgotten, and the newest of whom it was written down. */
let [forgotten, forgottenOnDisk] = [0, 0]
let wake: () => void = () => undefined

parentPort?.on('message', (message: ToWatchThread) => {
  HEAR[message.say](message as never)
  wake()
})

const HEAR: { readonly [Say in ToWatchThread['say']]: (message: Extract<ToWatchThread, { say: Say }>) => void } = {
  journalled: ({ position }) => void (at.newest = position),
  time: ({ now }) => {
    at.now = now
    if (at.position >= at.newest) tell(engine.pass(now))
  },
  kept: ({ no }) => void (sent.kept = no),
  rules: (message) => engine.useRules(message.rules),
  marks: (message) => engine.useMarks(message.marks),
  zones: (message) => {
    zones = message.zones
    engine.useZones(new Map(zones))
  },
  missed: ({ missed }) => tell(engine.missed(missed)),
  exposed: ({ tokenNo, at: since }) => engine.exposed(tokenNo, since),
  forget: ({ no, subject }) => {
    engine.forget(subject)
    checkpoint.isWanted = true
    forgotten = no
  },
  hurry: ({ position }) => {
    at.leaveTo = position
    checkpoint.isWanted = true
  },
  close: () => closing.abort(),
}

if (!resume() && start.history) await judgeHistory()
await detectUntilClosed()
await Promise.race([untilKept(), after(LAST_KEPT_MS)])
writeDown()
reader.close()
parentPort?.close()

/** Takes up the checkpoint, if it is of this journal; else begins where the journal begins to be kept, and says so. */
function resume(): boolean {
  const saved = readCheckpoint(checkpointFile)
  if (!saved || saved.position > start.upTo) return anew('detection begins without a checkpoint')
  try {
    engine.restore(saved.state)
  } catch (error) {
    engine = newEngine()
    return anew(`the checkpoint is of other settings; detection learns anew (${String(error)})`)
  }
  at.position = saved.position
  at.receivedAt = saved.receivedAt
  if (saved.position < start.passed) leaveOut(start.passed)
  return true
}

function anew(note: string): false {
  say({ say: 'note', note })
  return false
}

/** Event time passes with the events themselves, as if each had been received when it occurred. */
async function judgeHistory(): Promise<void> {
  const rows = readHistory().sort((a, b) => a.occurredAt - b.occurredAt)
  for (let from = 0; from < rows.length && !closing.signal.aborted; from += HISTORY_BATCH) {
    const batch = rows.slice(from, from + HISTORY_BATCH)
    take(batch, batch.at(-1)?.occurredAt ?? at.now)
    if (sent.no - sent.kept >= UNKEPT_MAX) await untilKept()
  }
  say({ say: 'at', position: at.position, receivedAt: at.now, events })
}

function readHistory(): EventRow[] {
  const rows: EventRow[] = []
  while (at.position < start.upTo && rows.length < HISTORY_MAX) {
    const page = reader.next(at.position, pace.pageBytesMax, start.upTo)
    if (page.upTo === at.position) break
    for (const { frame } of page.batches) for (const row of decodeFrame(frame)) rows.push(row)
    at.position = page.upTo
  }
  at.receivedAt = at.now
  return rows
}

async function detectUntilClosed(): Promise<void> {
  while (!closing.signal.aborted) {
    if (at.leaveTo > at.position) leaveOut(at.leaveTo)
    if (at.position < at.newest && sent.no - sent.kept < UNKEPT_MAX) await readOn()
    else await somethingNew()
    if (checkpoint.isWanted || performance.now() - checkpoint.ms >= pace.checkpointMs) await writeWhenKept()
  }
}

/** Takes one page, batch by batch: time passes with each batch, so that pages may be cut anywhere. */
async function readOn(): Promise<void> {
  const page = reader.next(at.position, pace.pageBytesMax, at.newest)
  if (page.upTo === at.position) return after(AGAIN_MS)
  for (const { frame, receivedAt } of page.batches) {
    take(decodeFrame(frame), receivedAt)
    at.receivedAt = receivedAt
  }
  for (const position of page.damaged)
    tell(engine.missed({ from: at.receivedAt, to: at.receivedAt, count: 1, reason: `batch ${position} is damaged` }))
  at.position = page.upTo
  say({ say: 'at', position: at.position, receivedAt: at.receivedAt, events })
  // messages are heard between pages only
  await after(0)
}

/** A batch that a detector stumbles over must not stop the others: it is told of, and passed. */
function take(rows: readonly EventRow[], receivedAt: number): void {
  events += rows.length
  try {
    tell(engine.take(rows, receivedAt))
  } catch (error) {
    say({ say: 'note', note: `a batch could not be judged: ${String(error)}` })
    tell(engine.missed({ from: receivedAt, to: receivedAt, count: rows.length, reason: 'a detector failed' }))
  }
}

/** Passes over batches without looking at them, and says so. */
function leaveOut(position: number): void {
  const from = at.receivedAt || at.now
  let [count, to, upTo] = [0, from, at.position]
  while (upTo < position) {
    const page = reader.next(upTo, pace.pageBytesMax, position)
    if (page.upTo === upTo) break
    for (const { frame, receivedAt } of page.batches) {
      count += frameRows(frame)
      to = receivedAt
    }
    upTo = page.upTo
  }
  // batches that are gone already had at least an event each
  const gone = Math.max(0, position - at.position - (upTo - at.position))
  at.position = position
  at.receivedAt = Math.max(at.receivedAt, to)
  tell(
    engine.missed({ from, to: Math.max(to, from), count: count + gone, reason: 'detection could not keep up with the journal' }),
  )
}

async function writeWhenKept(): Promise<void> {
  checkpoint.isWanted = false
  checkpoint.ms = performance.now()
  await Promise.race([untilKept(), closed])
  writeDown()
}

/** A finding must be kept before its events may be forgotten. */
async function untilKept(): Promise<void> {
  while (sent.kept < sent.no) await somethingNew()
}

function writeDown(): void {
  if (sent.kept < sent.no || (checkpoint.position === at.position && forgotten === forgottenOnDisk)) return
  writeCheckpoint(checkpointFile, { position: at.position, receivedAt: at.receivedAt, state: engine.snapshot() })
  checkpoint.position = at.position
  if (forgotten > forgottenOnDisk) say({ say: 'forgotten', no: (forgottenOnDisk = forgotten) })
  say({ say: 'checkpoint', position: at.position, bytes: statSync(checkpointFile).size })
}

function tell(found: readonly Found[]): void {
  if (found.length > 0) say({ say: 'found', no: ++sent.no, found })
}

/** Resolves at the next message, or when a checkpoint is due. */
function somethingNew(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.max(1, pace.checkpointMs - (performance.now() - checkpoint.ms)))
    wake = done
    function done(): void {
      clearTimeout(timer)
      resolve()
    }
  })
}

function say(message: FromWatchThread): void {
  parentPort?.postMessage(message)
}

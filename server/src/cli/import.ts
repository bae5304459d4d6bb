import { createWriteStream, readdirSync, statSync, type WriteStream } from 'node:fs'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Presets, SingleBar } from 'cli-progress'
import type { IngestEvent } from 'tokentrail'
import { FORMATS, type FormatName } from '../connect/formats.ts'
import { contentDigest, readRecords } from '../connect/read-files.ts'
import { TrailError } from '../errors.ts'
import { deliverEvents, json, request, type Delivery, type EventResult } from './deliver-events.ts'
import { EXIT_CODES, Failure } from './exit.ts'
import { countFields, emptySummary, summaryText, type ImportSummary } from './import-summary.ts'
import type { Format } from '../connect/format.ts'
import type { Scanned } from '../connect/scan.ts'

export interface ImportOptions extends Partial<Omit<Delivery, 'url' | 'token'>> {
  readonly format: FormatName
  readonly files: readonly string[]
  readonly url: string
  readonly token: string
  readonly dryRun?: boolean
  readonly rejectFile?: string
  readonly json?: boolean
  readonly stdout?: { write(text: string): unknown }
  readonly stderr?: { write(text: string): unknown; readonly isTTY?: boolean }
}

/** Events of one request, at most; its text stays under the size as well. */
const BATCH_COUNT_MAX = 1_000
const BATCH_BYTES_MAX = 512 * 1024

/**
 * Imports files: reads, maps, sends, and says what became of every record. Safe to repeat and to break off, since the server
 * stores an id once; progress only saves the way. Gives the exit code: 1 when a record was rejected or lost.
 */
export async function runImport(options: ImportOptions): Promise<number> {
  const run = createRun(options)
  try {
    const files = options.files.flatMap(filesAt)
    run.bar?.start(files.length, 0, { records: 0 })
    for (const file of files) await importFile(run, file)
  } catch (error) {
    run.bar?.stop()
    if (!(error instanceof Failure || error instanceof TrailError)) throw error
    run.stderr.write(`${error.message}\n`)
    await finish(run)
    return error instanceof Failure ? error.exitCode : EXIT_CODES.failed
  }
  await finish(run)
  const { rejected, lost, furtherFailed } = run.summary
  return rejected + lost + furtherFailed > 0 ? EXIT_CODES.failed : EXIT_CODES.ok
}

/** The file itself, or the files of a folder in the order of their names. */
function filesAt(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new Failure('usage', `There is no file ${path}.`)
  if (found.isFile()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

interface Run {
  readonly options: ImportOptions
  readonly format: Format
  readonly delivery: Delivery
  readonly summary: ImportSummary
  readonly rejects: WriteStream | undefined
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean }
  readonly bar: SingleBar | undefined
}

function createRun(options: ImportOptions): Run {
  const { format, files, dryRun = false, stdout = process.stdout, stderr = process.stderr } = options
  const delivery = {
    fetch: options.fetch ?? fetch,
    pause: options.pause ?? sleep,
    random: options.random ?? Math.random,
    url: options.url,
    token: options.token,
  }
  const bar =
    stderr.isTTY && !options.json
      ? new SingleBar({ format: ' {bar} {value}/{total} files  {records} records', hideCursor: true }, Presets.shades_classic)
      : undefined
  const rejects = options.rejectFile === undefined ? undefined : createWriteStream(options.rejectFile, { mode: 0o600 })
  return {
    options,
    format: FORMATS[format],
    delivery,
    summary: emptySummary(format, files.length, dryRun),
    rejects,
    stdout,
    stderr,
    bar,
  }
}

async function finish({ options, summary, rejects, stdout, bar }: Run): Promise<void> {
  bar?.stop()
  if (rejects) {
    rejects.end()
    await once(rejects, 'close')
  }
  stdout.write(options.json ? `${JSON.stringify(summary)}\n` : `${summaryText(summary)}\n`)
}

async function importFile(run: Run, file: string): Promise<void> {
  const progress = run.options.dryRun ? NO_PROGRESS : await openProgress(run, file)
  const batch = createBatch()
  for await (const scanned of readRecords(file)) {
    run.summary.read += 1
    place(run, file, scanned, batch, progress)
    if (batch.isFull()) await send(run, file, batch, progress)
  }
  await send(run, file, batch, progress)
  await progress.finish()
  run.bar?.increment(1, { records: run.summary.read })
}

/** Puts a record's events into the batch, unless it cannot be taken or was sent before. */
function place(run: Run, file: string, scanned: Scanned, batch: Batch, progress: Progress): void {
  if ('refused' in scanned) return reject(run, { file, position: scanned.position, message: scanned.refused })
  const mapped = run.format.map(scanned.value)
  if (run.options.dryRun) countFields(run.summary, run.format, scanned.value)
  if ('refused' in mapped) return reject(run, { file, position: scanned.position, message: mapped.refused, input: mapped.input })
  if (mapped.apart !== undefined) run.summary.withoutKey += 1
  run.summary.mapped += 1
  if (scanned.position <= progress.done) run.summary.repeated += 1
  else batch.add(scanned.position, mapped.events)
}

type Reject = {
  readonly file: string
  readonly position: number
  readonly message: string
  readonly code?: string
  readonly input?: string
}

/** Says where the record stands and why, never what it holds: it may hold a secret. */
function reject(run: Run, { file, ...reason }: Reject, tally: 'rejected' | 'furtherFailed' = 'rejected'): void {
  run.summary[tally] += 1
  run.rejects?.write(`${JSON.stringify({ file: basename(file), ...reason })}\n`)
}

async function send(run: Run, file: string, batch: Batch, progress: Progress): Promise<void> {
  const { events, owners, last } = batch.take()
  if (run.options.dryRun || events.length === 0) return
  const results = await deliverEvents(run.delivery, events)
  results.forEach((result, i) => count(run, file, result, owners[i] ?? { position: 0, first: true }))
  await progress.reached(last)
  run.bar?.update({ records: run.summary.read })
}

type Owner = { readonly position: number; readonly first: boolean }

/** A record is what became of its first event; what became of further ones is counted beside. */
function count(run: Run, file: string, { result, code, message, input }: EventResult, { position, first }: Owner): void {
  const taken = result === 'stored' || result === 'repeated'
  const why = { file, position, message: message ?? 'The server refused it.', ...(code && { code }), ...(input && { input }) }
  if (result === 'rejected') reject(run, why, first ? 'rejected' : 'furtherFailed')
  else if (first) run.summary[result] += 1
  else run.summary[taken ? 'furtherEvents' : 'furtherFailed'] += 1
}

interface Batch {
  add(position: number, events: readonly IngestEvent[]): void
  isFull(): boolean
  take(): { readonly events: readonly IngestEvent[]; readonly owners: readonly Owner[]; readonly last: number }
}

function createBatch(): Batch {
  let events: IngestEvent[] = []
  let owners: Owner[] = []
  let bytes = 0
  let last = 0
  return {
    add(position, added) {
      added.forEach((event, i) => {
        events.push(event)
        owners.push({ position, first: i === 0 })
        bytes += JSON.stringify(event).length
      })
      last = position
    },
    isFull: () => events.length >= BATCH_COUNT_MAX - 4 || bytes >= BATCH_BYTES_MAX,
    take() {
      const taken = { events, owners, last }
      ;[events, owners, bytes] = [[], [], 0]
      return taken
    },
  }
}

/** How far a file was imported before; it spares the way and correctness does not rest on it. */
interface Progress {
  /** Records that need not be sent again. */
  readonly done: number
  reached(position: number): Promise<void>
  finish(): Promise<void>
}

const NO_PROGRESS: Progress = { done: 0, reached: async () => {}, finish: async () => {} }

/** Progress is kept by the server under format and content, so a renamed file is recognised and a changed one is not. */
async function openProgress({ delivery, format }: Run, file: string): Promise<Progress> {
  const path = `/v1/imports/${encodeURIComponent(`${format.name}:${await contentDigest(file)}`)}`
  const answer = await request(delivery, 'GET', path)
  const known = answer.ok ? ((await json(delivery, answer)) as { recordsDone?: number }) : {}
  let reached = known.recordsDone ?? 0
  let supported = true

  async function put(finished: boolean): Promise<void> {
    if (!supported) return
    const body = { file: basename(file), recordsDone: reached, recordsTotal: reached, finished }
    const said = await request(delivery, 'PUT', path, JSON.stringify(body))
    await said.body?.cancel()
    supported = said.ok
  }

  return {
    done: reached,
    async reached(position) {
      reached = Math.max(reached, position)
      await put(false)
    },
    finish: () => put(true),
  }
}

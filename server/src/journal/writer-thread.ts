import { fdatasync, openSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { openJournalFile } from './file.ts'
import type { JournalFile } from './file.ts'

/** A call of one of the file's methods, and its answer. An answer without a call (0) tells of a failed sync. */
interface Call {
  readonly no: number
  readonly method: keyof JournalFile
  readonly params: unknown
}
export interface Answer {
  readonly no: number
  readonly value?: unknown
  readonly failure?: { readonly message: string; readonly code?: string; readonly full: boolean }
}

/** From commit to the begin of its sync. With the sync itself it stays under the promised 50 ms on any disk that is not stalled. */
const SYNC_AFTER_MS = 25
const SQLITE_FULL = 13

const file = (workerData as { file: string }).file
let journal: JournalFile | undefined
let wal: number | undefined
let timer: NodeJS.Timeout | undefined
let syncing = false
let dirty = false
let syncFailed = false

parentPort?.on('message', ({ no, method, params }: Call) => {
  answer({ no, ...attempt(method, params) })
  if (method !== 'close') return
  clearTimeout(timer)
  parentPort?.close()
})

function answer(message: Answer): void {
  parentPort?.postMessage(message)
}

function attempt(method: keyof JournalFile, params: unknown): Omit<Answer, 'no'> {
  try {
    if (method === 'close' && !journal) return {}
    journal ??= openJournalFile(file)
    if (method === 'commit') trustDisk(journal)
    const value: unknown = (journal[method] as (params: unknown) => unknown)(params)
    if (method === 'commit') syncSoon()
    return { value }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

/** No commit is acknowledged while an earlier one may not be on disk. */
function trustDisk(opened: JournalFile): void {
  if (syncFailed && !opened.settle())
    throw new Error('The journal could not be written anew after a failed sync: a reader is in the way.')
  syncFailed = false
}

function syncSoon(): void {
  dirty = true
  if (syncing) return
  syncing = true
  timer = setTimeout(sync, SYNC_AFTER_MS)
}

function sync(): void {
  dirty = false
  try {
    wal ??= openSync(`${file}-wal`, 'r+')
    fdatasync(wal, synced)
  } catch (error) {
    synced(error)
  }
}

/** After a failed sync the log's pages count as clean though they may not be on disk: all of it is written anew, into the file itself. */
function synced(error: unknown): void {
  syncing = false
  if (error) {
    syncFailed = true
    answer({ no: 0, failure: failureOf(error) })
    const { failure } = attempt('settle', undefined)
    if (failure) answer({ no: 0, failure })
    else syncFailed = false
  }
  if (dirty) syncSoon()
}

function failureOf(error: unknown): NonNullable<Answer['failure']> {
  const { message, code, errcode } = error as { message: string; code?: string; errcode?: number }
  return { message, ...(code === undefined ? {} : { code }), full: errcode !== undefined && (errcode & 255) === SQLITE_FULL }
}

import { dirname } from 'node:path'
import { openCheckpoint, parseCheckpoint, parseKey, parseNote, type Checkpoint } from 'tokentrail/log'
import { LOG_CRYPTO } from './crypto.ts'
import type { Disk } from './disk.ts'

/**
 * The newest checkpoint that was published, kept beside the keys: outside the records and outside the data folder, so that a
 * restored backup of either is seen to be one.
 */
export async function keepHighWater(disk: Disk, keyFile: string, note: string): Promise<void> {
  const known = await readHighWater(disk, keyFile)
  const next = parseCheckpoint(parseNote(note).text)
  if (known && known.origin === next.origin && known.size >= next.size) return
  const file = fileOf(keyFile)
  const draft = `${file}.${process.pid}`
  await disk.writeSynced(draft, Buffer.from(note))
  await disk.rename(draft, file)
  await disk.syncDirectory(dirname(file))
}

/** What was kept, not yet believed; `null` without a file. */
export async function readHighWater(disk: Disk, keyFile: string): Promise<(Checkpoint & { readonly text: string }) | null> {
  let text: string
  try {
    text = Buffer.from(await disk.read(fileOf(keyFile))).toString('utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return { ...parseCheckpoint(parseNote(text).text), text }
}

/** Whether the log's key has signed a note. */
export function isSignedBy(vkey: string, note: string): boolean {
  try {
    openCheckpoint(LOG_CRYPTO, note, { logs: [parseKey(LOG_CRYPTO.sha256, vkey)] })
    return true
  } catch {
    return false
  }
}

function fileOf(keyFile: string): string {
  return `${keyFile}-high-water`
}

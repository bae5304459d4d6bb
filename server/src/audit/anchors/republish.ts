import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseNote } from 'tokentrail/log'

/**
 * Puts a checkpoint with its cosignatures in the place of the same one without, in a shard's directory. A newer one that stands
 * there already stays. It is a copy for readers: nothing rests on it, so it is neither synced nor tried again.
 */
export function republish(folder: string, note: string): void {
  const file = join(folder, 'checkpoint')
  const draft = join(folder, '.checkpoint-cosigned')
  try {
    if (parseNote(readFileSync(file, 'utf8')).text !== parseNote(note).text) return
    writeFileSync(draft, note, { mode: 0o644 })
    renameSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

import { DatabaseSync } from 'node:sqlite'
import { TrailError } from '../errors.ts'

/**
 * Holds a file for this process alone until released or until the process dies, however it dies: SQLite's own exclusive lock,
 * which the kernel ends with the process and which holds against a second opening in the same process too.
 */
export function lockFile(file: string): () => void {
  const db = new DatabaseSync(`${file}.lock`)
  try {
    db.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    db.close()
    throw new TrailError(
      'data_in_use',
      `The journal ${file} is open in another process. Stop that one, or use another data folder.`,
      { cause },
    )
  }
  return () => db.close()
}

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TrailError } from '../errors.ts'

/** Where each part of the embedded data stands. */
export interface DataFolder {
  readonly records: string
  readonly journal: string
  readonly store: string
  /** Tiles, entries and checkpoint of the audit log: any static server can serve this folder. */
  readonly audit: string
  /** What detection has learned. */
  readonly detection: string
  /** Keys of subjects: apart from the records, with backups of their own. */
  readonly subjectKeys: string
  /** Evidence packs, until they lapse. */
  readonly packs: string
  readonly adminToken: string
  /** Tokens that this machine refuses at its door, whatever records say. */
  readonly denied: string
  /** Gives the folder free for another process. */
  close(): void
}

/** Makes the folder, for its owner's eyes only, and takes it for this process. `data_in_use` when another has it. */
export function openDataFolder(folder: string): DataFolder {
  makePrivateFolder(folder)
  const unlock = lock(join(folder, 'lock'), folder)
  return {
    records: join(folder, 'records.sqlite'),
    journal: join(folder, 'journal.sqlite'),
    store: join(folder, 'store'),
    audit: join(folder, 'audit'),
    detection: join(folder, 'detection'),
    subjectKeys: join(folder, 'subject-keys.sqlite'),
    packs: join(folder, 'packs'),
    adminToken: join(folder, 'admin-token'),
    denied: join(folder, 'denied'),
    close: unlock,
  }
}

/** Makes a folder that only its owner may enter. `config_invalid` when it cannot be made. */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  } catch (cause) {
    throw new TrailError(
      'config_invalid',
      `The folder ${folder} cannot be made or is not ours; name one that this user may write.`,
      { cause },
    )
  }
}

/** An open exclusive transaction is a lock that the operating system takes back when the process dies, however it dies. */
function lock(file: string, folder: string): () => void {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new TrailError('data_in_use', `Another Tokentrail uses ${folder}. Stop it, or name another folder with --data.`, {
      cause,
    })
  }
  return () => database.close()
}

import { existsSync, renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { TrailError } from '../errors.ts'

/** Version of the file's tables. */
const VERSION = 2

const TABLES = `
CREATE TABLE batch (position INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, tallies TEXT NOT NULL, frame BLOB NOT NULL) STRICT;
CREATE TABLE total (tenant INTEGER NOT NULL, promise INTEGER NOT NULL, received INTEGER NOT NULL, stored INTEGER NOT NULL,
  coalesced INTEGER NOT NULL, journalled INTEGER NOT NULL, repeated INTEGER NOT NULL, PRIMARY KEY (tenant, promise)) STRICT, WITHOUT ROWID;
CREATE TABLE dropped (tenant INTEGER NOT NULL, promise INTEGER NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
  declared INTEGER NOT NULL, PRIMARY KEY (tenant, promise, reason)) STRICT, WITHOUT ROWID;
CREATE TABLE mark (writer INTEGER PRIMARY KEY, high INTEGER NOT NULL, gaps TEXT NOT NULL) STRICT;
CREATE TABLE source (digest BLOB PRIMARY KEY, day INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE reader (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state (commits INTEGER NOT NULL, position INTEGER NOT NULL, bytes INTEGER NOT NULL,
  batches INTEGER NOT NULL, damaged INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (0, 0, 0, 0, 0);
INSERT INTO reader VALUES ('ship', 0);`

/** Since version 2: what a reader keeps beside its position. */
const NOTES = `CREATE TABLE note (reader TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (reader, name)) STRICT, WITHOUT ROWID;`

/** `NORMAL` leaves the log in the page cache at a commit: that survives a kill. The writer's thread syncs it soon after. */
const SETTINGS = `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864`

/** Positions of a file that replaces a damaged one begin anywhere, so that they are not taken for those of the damaged one. */
const BEGIN_ANYWHERE = `UPDATE state SET position = abs(random() % 1000000000000); UPDATE reader SET position = (SELECT position FROM state);`

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** A journal's database, and where the file went that lay there before and was none. */
export interface OpenedDatabase {
  readonly db: DatabaseSync
  readonly setAside: string | null
}

/** Opens the database, or makes it. A file that is damaged beyond opening is kept under another name and replaced. */
export function openDatabase(file: string): OpenedDatabase {
  try {
    return { db: openTables(file), setAside: null }
  } catch (error) {
    if (!isDamaged(error)) throw error
    const setAside = moveAside(file)
    const db = openTables(file)
    db.exec(BEGIN_ANYWHERE)
    return { db, setAside }
  }
}

function openTables(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 })
  try {
    db.exec(SETTINGS)
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > VERSION) throw newer(file, version)
    if (version === 0) db.exec(`BEGIN; ${TABLES} ${NOTES} PRAGMA user_version = ${VERSION}; COMMIT`)
    if (version === 1) db.exec(`BEGIN; ${NOTES} PRAGMA user_version = ${VERSION}; COMMIT`)
    for (const table of ['state', 'reader', 'total', 'dropped', 'mark', 'note'])
      db.prepare(`SELECT * FROM ${table} LIMIT 1`).get()
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function newer(file: string, version: number): TrailError {
  return new TrailError(
    'data_newer',
    `The journal ${file} has version ${version}; this one knows ${VERSION}. Use the newer Tokentrail.`,
  )
}

function isDamaged(error: unknown): boolean {
  const { errcode } = error as { errcode?: number }
  return errcode !== undefined && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(errcode & 255)
}

/** Keeps a damaged file for whoever wants to look into it. */
function moveAside(file: string): string {
  let no = 1
  while (existsSync(`${file}.damaged-${no}`)) no++
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, `${file}.damaged-${no}${suffix}`)
  }
  return `${file}.damaged-${no}`
}

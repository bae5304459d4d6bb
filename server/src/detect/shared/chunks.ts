import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { Pool } from 'pg'
import { inTransaction, type Query } from './transaction.ts'

/** Parts of the checkpoint's file as the database has them: only what changed goes there. */
const CHUNK_BYTES = 64 * 1024
/** Parts that are written or read in one statement. */
const GROUP = 64

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** What was written before, by the number of a part. */
export type Written = Map<number, string>

/**
 * Writes the parts of a checkpoint that changed, and what follows from it, in one transaction: after a loss at any moment the database
 * has the last one or this one, whole. False, and nothing is written, when another server has taken over.
 */
export async function saveChunks(
  pool: Pool,
  file: string,
  written: Written,
  o: { readonly epoch: number; readonly savedNo: number },
): Promise<boolean> {
  const now: Written = new Map()
  const isMine = await inTransaction(pool, async (query) => {
    await writeChanged(query, file, written, now)
    await query('DELETE FROM detection_chunk WHERE no >= $1', [now.size])
    const { rows } = await query<{ bytes: string }>(GONE, [o.savedNo])
    const { rowCount } = await query(SAVED, [o.epoch, o.savedNo, now.size, Number(rows[0]?.bytes ?? 0)])
    if (rowCount !== 1) throw new TakenOver()
    return true
  }).catch((error: unknown) => {
    if (error instanceof TakenOver) return false
    throw error
  })
  if (!isMine) return false
  written.clear()
  for (const [no, digest] of now) written.set(no, digest)
  return true
}

class TakenOver extends Error {}

const GONE = `WITH gone AS (DELETE FROM detection_batch WHERE no <= $1 RETURNING octet_length(frame) AS bytes)
  SELECT coalesce(sum(bytes), 0) AS bytes FROM gone`
const SAVED = `UPDATE detection_head SET saved_no = $2, saved_chunks = $3, bytes = greatest(0, bytes - $4) WHERE epoch = $1`
const PUT = `INSERT INTO detection_chunk SELECT * FROM unnest($1::int[], $2::bytea[])
  ON CONFLICT (no) DO UPDATE SET bytes = excluded.bytes`

async function writeChanged(query: Query, file: string, before: Written, now: Written): Promise<void> {
  let group: { readonly no: number; readonly bytes: Buffer }[] = []
  const put = async (): Promise<unknown> => query(PUT, [group.map(({ no }) => no), group.map(({ bytes }) => bytes)])
  const handle = await open(file)
  try {
    for (let no = 0; ; no += 1) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, no * CHUNK_BYTES)
      if (bytesRead === 0) break
      const bytes = buffer.subarray(0, bytesRead)
      const digest = createHash('sha256').update(bytes).digest('base64')
      now.set(no, digest)
      if (before.get(no) === digest) continue
      group.push({ no, bytes: await compress(bytes) })
      if (group.length < GROUP) continue
      await put()
      group = []
    }
    if (group.length > 0) await put()
  } finally {
    await handle.close()
  }
}

/** Puts the checkpoint of the database into a file; gives what the parts are, so that only what changes is written again. */
export async function loadChunks(pool: Pool, file: string, count: number): Promise<Written> {
  const written: Written = new Map()
  await rm(file, { force: true })
  if (count === 0) return written
  const handle = await open(`${file}.next`, 'w', 0o600)
  try {
    for (let from = 0; from < count; from += GROUP) {
      const { rows } = await pool.query<{ no: number; bytes: Buffer }>(GET, [from, from + GROUP])
      for (const row of rows) {
        const bytes = await decompress(row.bytes)
        written.set(row.no, createHash('sha256').update(bytes).digest('base64'))
        await handle.write(bytes, 0, bytes.byteLength, row.no * CHUNK_BYTES)
      }
    }
  } finally {
    await handle.close()
  }
  await rename(`${file}.next`, file)
  return written
}

const GET = 'SELECT no, bytes FROM detection_chunk WHERE no >= $1 AND no < $2 ORDER BY no'

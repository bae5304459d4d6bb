import type { Pool } from 'pg'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { ForgottenSubject } from '../entity/forget.ts'

/** What any server asks of the one that detects. */
export type Request =
  | { readonly ask: 'exposed'; readonly tokenNo: number; readonly at: Milliseconds }
  | { readonly ask: 'forget'; readonly subject: ForgottenSubject }
  | {
      readonly ask: 'missed'
      readonly from: Milliseconds
      readonly to: Milliseconds
      readonly count: number
      readonly reason: string
    }

/** A request as it lies in the database until it is done. */
export interface Requested {
  readonly no: number
  readonly request: Request
}

const LOOK_MS = 250
/** Requests that are read at once. */
const PAGE = 500

export async function putRequest(pool: Pool, request: Request): Promise<number> {
  const text = 'INSERT INTO detection_request (body) VALUES ($1) RETURNING no'
  return Number((await pool.query<{ no: string }>(text, [JSON.stringify(request)])).rows[0]?.no)
}

/** Those of which the caller does not know yet, oldest first. A number may become visible after a higher one. */
export async function newRequests(pool: Pool, known: ReadonlySet<number>): Promise<readonly Requested[]> {
  const { rows } = await pool.query<{ no: string; body: string }>(NEW, [[...known], PAGE])
  return rows.map(({ no, body }) => ({ no: Number(no), request: JSON.parse(body) as Request }))
}

const NEW = 'SELECT no, body FROM detection_request WHERE no <> ALL ($1::bigint[]) ORDER BY no LIMIT $2'

export async function takeRequests(pool: Pool, nos: readonly number[]): Promise<void> {
  if (nos.length > 0) await pool.query('DELETE FROM detection_request WHERE no = ANY ($1::bigint[])', [nos])
}

/** Resolves when the detecting server has done it, whichever that is. */
export async function untilDone(pool: Pool, no: number, closing: AbortSignal): Promise<void> {
  const isOpen = async (): Promise<boolean> =>
    ((await pool.query('SELECT 1 FROM detection_request WHERE no = $1', [no])).rowCount ?? 0) > 0
  while (await isOpen()) {
    if (closing.aborted)
      throw new TrailError('stopping', 'Detection stops; what it learned is forgotten by the server that detects.')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

import { TrailError } from '../errors.ts'
import type { PlaceInTime } from '../records/findings.ts'

/** The cursor of a page that begins below a place. */
export function cursorOf({ at, id }: PlaceInTime): string {
  return Buffer.from(`1.${at}.${id}`).toString('base64url')
}

/** The place of a cursor whose ids begin with a prefix. */
export function placeOfCursor(cursor: string, prefix: string): PlaceInTime {
  const match = /^1\.(\d{1,15})\.([a-z]{2,3}_[0-9a-f]{1,40})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match?.[1] && match[2]?.startsWith(`${prefix}_`)) return { at: Number(match[1]), id: match[2] }
  throw new TrailError('cursor_invalid', 'The cursor does not belong to this list. Begin without one.', { input: 'cursor' })
}

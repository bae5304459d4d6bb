import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'

/** The key of an event in a list that is sorted by time: the next page begins below it. */
export interface EventKey {
  readonly at: Milliseconds
  readonly writer: number
  readonly seq: number
}

/** The key as an opaque text. */
export function encodeCursor({ at, writer, seq }: EventKey): string {
  return Buffer.from(`1.${at}.${writer}.${seq}`).toString('base64url')
}

/** Reads a cursor back; `cursor_invalid` for anything that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): EventKey {
  const match = /^1\.(\d{1,13})\.(\d{1,10})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  const [at, writer, seq] = match?.slice(1).map(Number) ?? []
  if (at === undefined || writer === undefined || seq === undefined || writer > 0xffffffff || !Number.isSafeInteger(seq)) {
    throw new TrailError('cursor_invalid', 'The cursor is not of this list. Leave it out to begin at the top.', {
      input: 'cursor',
    })
  }
  return { at, writer, seq }
}

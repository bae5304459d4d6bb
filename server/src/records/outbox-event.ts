import { blankEvent, EVENT_COLUMNS, type ColumnForm, type EventRow } from '../event/row.ts'

type Codec = { readonly write: (value: unknown) => unknown; readonly read: (value: unknown) => unknown }

const AS_IT_IS: Codec = { write: (value) => value, read: (value) => value }

/** Forms that JSON cannot hold as they are. */
const CODECS: Readonly<Partial<Record<ColumnForm, Codec>>> = {
  u64: { write: String, read: (value) => BigInt(String(value)) },
  'u64[]': {
    write: (value) => (value as readonly bigint[]).map(String),
    read: (value) => (value as readonly string[]).map(BigInt),
  },
  bytes16: {
    write: (value) => Buffer.from(value as Uint8Array).toString('base64'),
    read: (value) => new Uint8Array(Buffer.from(String(value), 'base64')),
  },
}

const FIELDS = EVENT_COLUMNS.map(({ field, form }) => ({ field, ...(CODECS[form] ?? AS_IT_IS) }))
const BLANK = blankEvent()

/** An event as the outbox keeps it: JSON of the fields that differ from a blank event. */
export function encodeEvent(event: EventRow): string {
  const kept: Record<string, unknown> = {}
  for (const { field, write } of FIELDS) {
    if (event[field] !== BLANK[field]) kept[field] = write(event[field])
  }
  return JSON.stringify(kept)
}

/** The event that `encodeEvent` wrote. Fields this version does not know are left out. */
export function decodeEvent(text: string): EventRow {
  const kept: Readonly<Record<string, unknown>> = JSON.parse(text)
  const event: Record<string, unknown> = { ...blankEvent() }
  for (const { field, read } of FIELDS) {
    if (kept[field] !== undefined) event[field] = read(kept[field])
  }
  return event as unknown as EventRow
}

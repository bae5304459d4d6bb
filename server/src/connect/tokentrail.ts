import { createHash } from 'node:crypto'
import type { IngestEvent } from 'tokentrail'
import { FIELDS } from './fields.ts'
import type { Format, Mapped } from './format.ts'

/** Our own NDJSON: one event per line, as an export writes it and `POST /v1/events` takes it. */
export const tokentrail: Format = { name: 'tokentrail', map, fields: new Set(Object.keys(FIELDS)), containers: new Set() }

/** The server checks the fields. A line without an id gets the digest of its content, so that a second import adds nothing. */
function map(record: unknown): Mapped {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { refused: 'Expected a JSON object per line.', input: '' }
  const event = record as IngestEvent
  const id = event.id ?? `line:${createHash('sha256').update(canonical(record)).digest('base64url')}`
  return { events: [{ ...event, id }] }
}

/** The same content in the same order, whatever order it came in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

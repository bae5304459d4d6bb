import type { Milliseconds, ReasonClass } from 'tokentrail'
import type { EventView } from '../query/rows.ts'

/** Decisions of one second that became durable since the last message: add them to what you hold for that second. */
export interface LiveSecond extends Readonly<Record<ReasonClass, number>> {
  readonly at: Milliseconds
}

/**
 * What `GET /v1/live` sends. Each is one server-sent event: `event:` is the name, `data:` the JSON. `counts` are exact;
 * `event` is a bounded sample of them, for roles that may read rows. A comment line every 15 s keeps the connection open.
 */
export interface LiveMessages {
  readonly watermark: { readonly now: Milliseconds; readonly watermark: Milliseconds }
  readonly counts: { readonly seconds: readonly LiveSecond[] }
  readonly event: EventView
  /** Something the reader must know, such as `dropped` before the server ends a stream that reads too slowly. */
  readonly notice: { readonly code: LiveNotice; readonly text: string }
}

export type LiveNotice = 'dropped' | 'sampled' | 'signed_out' | 'stopping'

/** One message with its name. */
export type LiveMessage = {
  [Name in keyof LiveMessages]: { readonly name: Name; readonly data: LiveMessages[Name] }
}[keyof LiveMessages]

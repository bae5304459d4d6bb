import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Ask } from '../../query/ask.ts'
import type { Records } from '../../records/records.ts'

/** What the findings desk stands on. */
export interface DeskParts {
  readonly records: Records
  readonly journal: Pick<Journal, 'append'>
  readonly ask: Ask
  readonly clock: Clock
  readonly log: Log
}

import { TrailError } from '../errors.ts'
import type { Verdict } from '../tokens/door.ts'

/** What must be recorded and could not be is no answer. */
export function recorded(verdict: Verdict): Verdict {
  if (!verdict.unrecorded) return verdict
  throw new TrailError('not_recorded', 'The validation could not be recorded, and this server answers none that is not.', {
    retryAfterSeconds: 1,
  })
}

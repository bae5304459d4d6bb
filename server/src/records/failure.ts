import { ERRORS, TrailError, type ErrorCode } from '../errors.ts'

/** An error as plain data, so that it crosses from the writer thread. */
export interface Failure {
  readonly kind: 'trail' | 'type'
  readonly code: ErrorCode
  readonly message: string
  readonly input?: string
}

/**
 * What an action's error means to its caller: a refusal or a programmer's slip stays what it is, everything else is the
 * database (full disk, lock, lost connection) and means that nothing was changed.
 */
export function toTrailError(error: unknown): Error {
  if (error instanceof TrailError || error instanceof TypeError) return error
  const cause = error instanceof Error ? error.message : String(error)
  if (isBadValue(error)) {
    return new TrailError(
      'parameter_invalid',
      `A value cannot be kept (${cause}): texts without NUL and whole numbers were expected.`,
    )
  }
  return new TrailError(
    'records_unavailable',
    `The records could not be written or read (${cause}); nothing was changed, try again.`,
    {
      retryAfterSeconds: 1,
      cause: error,
    },
  )
}

export function toFailure(error: unknown): Failure {
  const known = toTrailError(error)
  if (!(known instanceof TrailError)) return { kind: 'type', code: 'internal', message: known.message }
  return { kind: 'trail', code: known.code, message: known.message, ...(known.input !== undefined && { input: known.input }) }
}

export function fromFailure({ kind, code, message, input }: Failure): Error {
  if (kind === 'type') return new TypeError(message)
  const retryAfterSeconds = ERRORS[code].status === 503 ? 1 : undefined
  return new TrailError(code, message, { ...(input !== undefined && { input }), ...(retryAfterSeconds && { retryAfterSeconds }) })
}

/** SQLITE_CONSTRAINT_DATATYPE of a STRICT table. */
const SQLITE_WRONG_TYPE = 3091

/** The database refused a value itself: class 22 of PostgreSQL's codes, a wrong type on SQLite. */
function isBadValue(error: unknown): boolean {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  return errcode === SQLITE_WRONG_TYPE || (typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code))
}

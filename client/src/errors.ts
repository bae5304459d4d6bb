/** Everything the client can throw. The code is the contract; wording may improve. */
export const CLIENT_ERRORS = {
  option_invalid: 'An option of createTokentrail is not accepted',
  unreachable: 'The Tokentrail server could not be reached',
  refused: 'The Tokentrail server refused the request',
  malformed: 'A note, proof, tile or entry of the log does not have its format',
  signature_bad: 'A key that is known did not make the signature in its name',
} as const
export type ClientErrorCode = keyof typeof CLIENT_ERRORS

/** An error of the world, with a stable code; it never holds a token. */
export class TokentrailError extends Error {
  override readonly name = 'TokentrailError'
  readonly code: ClientErrorCode
  /** HTTP status of the answer, where there was one. */
  readonly status: number | undefined

  constructor(code: ClientErrorCode, message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status
  }
}

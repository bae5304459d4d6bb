/** How a command can end: the exit codes are a contract for scripts. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2, 'not authorised': 4, 'not reachable': 5, 'not verified': 6 } as const

/** A command ends without success; the message says what to do. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number

  constructor(kind: Exclude<keyof typeof EXIT_CODES, 'ok'>, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = EXIT_CODES[kind]
  }
}

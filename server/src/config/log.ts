import { destination, pino } from 'pino'

/** Where the server says what it does: pino-shaped, an object of facts and a sentence. */
export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Names whose values never reach a log, wherever they stand; a second fence, for no caller hands them in. */
const SECRET_NAMES = ['token', 'secret', 'password', 'authorization', 'cookie', 'code', 'kek', 'pepper', 'digest']
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** A log of JSON lines on standard error. */
export function createLog(level: LogLevel): Log {
  const redact = { paths: SECRET_PATHS, censor: '[redacted]' }
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination({ dest: 2, sync: true }))
}

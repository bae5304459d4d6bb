import { TrailError } from '../errors.ts'

/** Where mail goes: a server by `smtp://` or `smtps://`, and who sends. */
export interface MailTarget {
  /** May hold user and password; it never reaches a log or an error. */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
  /** Without it the connection must be encrypted before anything is said. */
  readonly allowPlain?: boolean
}

export interface MailMessage {
  /** The same at every try, so that a receiver can see a repetition. */
  readonly id: string
  readonly subject: string
  readonly text: string
}

/** Sends a message, or throws a `TrailError` that says what failed. Success is that the server took it for every receiver. */
export type SendMail = (target: MailTarget, message: MailMessage, signal?: AbortSignal) => Promise<void>

export interface MailOptions {
  readonly timeoutMs?: number
  /** For servers with an own authority: the certificates that are believed, and the name they bear where it is not the host's. */
  readonly tls?: { readonly ca: string; readonly servername?: string }
}

const TIMEOUT_MS = 20_000
const TEXT_CHARS_MAX = 256 * 1024

/** Makes the sender. A connection is opened for each message and closed again: mail here is rare. */
export function createMailer(options: MailOptions = {}): SendMail {
  const { timeoutMs = TIMEOUT_MS, tls } = options
  return async (target, { id, subject, text }, signal) => {
    if (text.length > TEXT_CHARS_MAX) throw failed('The message is larger than 256 KiB.')
    const transport = await open(target, timeoutMs, tls)
    const stop = (): void => transport.close()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const { from, to } = target
      const { rejected } = await transport.sendMail({ from, to: [...to], subject, text, messageId: `<${id}>` })
      if (rejected.length > 0)
        throw failed(`The mail server refused ${String(rejected.length)} of ${String(to.length)} receivers.`)
    } catch (error) {
      throw error instanceof TrailError ? error : failed(`The mail server did not take the message (${codeOf(error)}).`)
    } finally {
      signal?.removeEventListener('abort', stop)
      transport.close()
    }
  }
}

/** Is this the address of a mail server? */
export function isMailUrl(text: string): boolean {
  return URL.canParse(text) && ['smtp:', 'smtps:'].includes(new URL(text).protocol) && new URL(text).hostname !== ''
}

async function open(target: MailTarget, timeoutMs: number, tls: MailOptions['tls']) {
  const { createTransport } = await import('nodemailer')
  const url = new URL(target.smtp)
  const secure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  return createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 465 : 587)),
    secure,
    requireTLS: !secure && target.allowPlain !== true,
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
    ...(tls === undefined ? {} : { tls }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** A code such as ETIMEDOUT or EENVELOPE, or the server's own number; its sentence stays out, for it may quote what we said. */
function codeOf(error: unknown): string {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown }
  return [code, responseCode].filter((each) => typeof each === 'string' || typeof each === 'number').join(' ') || 'unknown'
}

function failed(message: string): TrailError {
  return new TrailError('mail_failed', message)
}

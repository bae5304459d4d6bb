import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'
import { isPublicAddress } from './public-address.ts'
import { signatureHeaders } from './signature.ts'

export interface WebhookTarget {
  readonly url: string
  readonly secret: string
}

export interface WebhookMessage {
  /** The same at every try: the receiver drops what it has seen. */
  readonly id: string
  readonly at: Milliseconds
  readonly body: string
}

/** Sends a message, or throws a `TrailError` that says what failed. Success is an answer of 2xx and nothing else. */
export type SendWebhook = (target: WebhookTarget, message: WebhookMessage) => Promise<void>

/** What the world provides. */
export interface WebhookOptions {
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** Opens a connection to an address that was checked. */
  readonly open?: (address: string, port: number) => Socket
  /** Certificates that are believed beside none: for receivers with an own authority. */
  readonly ca?: string
  readonly timeoutMs?: number
  /** Receivers need not be on the public internet: only for addresses that stand in a configuration file. */
  readonly anyAddress?: boolean
}

const TIMEOUT_MS = 10_000
const BODY_BYTES_MAX = 256 * 1024
const ANSWER_BYTES_MAX = 64 * 1024

/**
 * Makes the sender. The name is resolved once, every address of it must be public, and the connection goes to the address
 * that was checked: a name that changes in between leads nowhere else. Redirects are not followed.
 */
export function createWebhook(options: WebhookOptions = {}): SendWebhook {
  const { resolve = resolveHost, open = (host, port) => connect({ host, port }), timeoutMs = TIMEOUT_MS } = options
  const isAllowed = options.anyAddress === true ? () => true : isPublicAddress
  return async (target, { id, at, body }) => {
    const url = checkWebhookUrl(target.url, isAllowed)
    if (Buffer.byteLength(body) > BODY_BYTES_MAX) throw failed('The message is larger than 256 KiB.')
    const signal = AbortSignal.timeout(timeoutMs)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const address = await withinTime(addressOf(host, resolve, isAllowed), signal)
    const headers = { 'content-type': 'application/json', ...signatureHeaders(target.secret, id, Math.floor(at / 1000), body) }
    const port = Number(url.port || 443)
    const sent = request(url, {
      method: 'POST',
      headers: { ...headers, host: url.host, 'content-length': Buffer.byteLength(body), connection: 'close' },
      signal,
      // Without an agent, which would open connections of its own.
      createConnection: () =>
        connectTls({
          socket: open(address, port),
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        }),
    })
    try {
      sent.end(body)
      const [answer] = (await once(sent, 'response', { signal })) as [import('node:http').IncomingMessage]
      await drain(answer)
      const status = answer.statusCode ?? 0
      if (status < 200 || status > 299)
        throw failed(`The receiver answered ${status}${status > 299 && status < 400 ? '; redirects are not followed' : ''}.`)
    } catch (error) {
      throw error instanceof TrailError ? error : failed(signal.aborted ? `No answer within ${timeoutMs} ms.` : reasonOf(error))
    } finally {
      sent.destroy()
    }
  }
}

/** The address of a receiver, or why it is none. */
export function checkWebhookUrl(text: string, isAllowed: (address: string) => boolean = isPublicAddress): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.username === '' && url.password === '' && text.length <= 1000) {
    if (isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 || isAllowed(url.hostname.replace(/^\[|\]$/g, ''))) return url
  }
  throw new TrailError(
    'parameter_invalid',
    'The address of a webhook begins with https://, holds no user or password, and is on the public internet.',
    { input: '/webhook/url' },
  )
}

async function addressOf(
  host: string,
  resolve: (host: string) => Promise<readonly string[]>,
  isAllowed: (address: string) => boolean,
): Promise<string> {
  const addresses = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host]
  const [first] = addresses
  if (first === undefined) throw failed('The name of the receiver has no address.')
  if (!addresses.every(isAllowed)) throw failed('The receiver has an address that is not on the public internet.')
  return first
}

async function resolveHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

async function withinTime<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const late = once(signal, 'abort').then(() => {
    throw failed('The name of the receiver was not resolved in time.')
  })
  late.catch(() => undefined)
  return Promise.race([work, late])
}

/** Reads the answer to its end, up to its bound. */
async function drain(answer: import('node:http').IncomingMessage): Promise<void> {
  let bytes = 0
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length
    if (bytes > ANSWER_BYTES_MAX) throw failed('The answer of the receiver is larger than 64 KiB.')
  }
}

function failed(message: string): TrailError {
  return new TrailError('webhook_failed', message)
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  return `The receiver cannot be reached (${code}).`
}

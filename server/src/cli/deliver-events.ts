import type { IngestEvent } from 'tokentrail'
import { Failure } from './exit.ts'

/** What the server said of one event. */
export interface EventResult {
  readonly index: number
  readonly result: 'stored' | 'repeated' | 'lost' | 'rejected'
  readonly code?: string
  readonly message?: string
  readonly input?: string
}

/** A server, and the world's parts that sending needs. */
export interface Delivery {
  readonly url: string
  readonly token: string
  readonly fetch: typeof fetch
  readonly pause: (ms: number) => Promise<void>
  /** In [0, 1): spreads the tries. */
  readonly random: () => number
}

export const TRIES_MAX = 8
const TIMEOUT_MS = 60_000
const WAIT_MS = { min: 250, max: 15_000 } as const

/** Sends events until each has an answer other than `lost`, or all tries are spent; one result per event, in order. */
export async function deliverEvents(delivery: Delivery, events: readonly IngestEvent[]): Promise<readonly EventResult[]> {
  const results = new Map<number, EventResult>()
  let waiting = events.map((_, index) => index)
  for (let tries = 1; waiting.length > 0 && tries <= TRIES_MAX; tries++) {
    if (tries > 1) await delivery.pause(waitMs(delivery, tries))
    const answers = await post(
      delivery,
      waiting.map((index) => events[index] as IngestEvent),
    )
    answers.forEach((answer, i) => results.set(waiting[i] ?? -1, { ...answer, index: waiting[i] ?? -1 }))
    waiting = waiting.filter((index) => results.get(index)?.result === 'lost')
  }
  return events.map((_, index) => results.get(index) ?? { index, result: 'lost' })
}

async function post(delivery: Delivery, events: readonly IngestEvent[]): Promise<readonly EventResult[]> {
  const body = events.map((event) => JSON.stringify(event)).join('\n')
  const answer = await request(delivery, 'POST', '/v1/events', body, 'application/x-ndjson')
  const { results } = (await json(delivery, answer)) as { results?: readonly EventResult[] }
  if (!Array.isArray(results) || results.length !== events.length) throw noTokentrail(delivery)
  return results as readonly EventResult[]
}

/** One request, tried again while the server is not reachable or says that it cannot at the moment. */
export async function request(
  delivery: Delivery,
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await attempt(delivery, method, path, body, type)
    const passing = answer === undefined || answer.status === 429 || answer.status >= 500
    if (!passing) return checked(answer, delivery)
    if (tries >= TRIES_MAX)
      throw answer
        ? new Failure(
            'failed',
            `The server at ${delivery.url} still answers ${answer.status} after ${tries} tries. Look at its log.`,
          )
        : unreachable(delivery)
    await answer?.body?.cancel()
    await delivery.pause(Math.max(retryAfterMs(answer), waitMs(delivery, tries)))
  }
}

async function attempt(
  { url, token, fetch }: Delivery,
  method: string,
  path: string,
  body: string | undefined,
  type: string,
): Promise<Response | undefined> {
  try {
    return await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    return undefined
  }
}

/** 404 and 405 are answers that the caller may expect from an older server. */
async function checked(answer: Response, delivery: Delivery): Promise<Response> {
  if (answer.ok || answer.status === 404 || answer.status === 405) return answer
  const { detail, title, code } = (await json(delivery, answer).catch(() => ({}))) as {
    detail?: string
    title?: string
    code?: string
  }
  const sentence = `${detail ?? title ?? `The server answered ${answer.status}.`}${code ? ` (${code})` : ''}`
  throw new Failure(answer.status === 401 || answer.status === 403 ? 'not authorised' : 'failed', sentence)
}

/** The JSON of an answer. */
export async function json(delivery: Delivery, answer: Response): Promise<unknown> {
  try {
    return await answer.json()
  } catch {
    throw noTokentrail(delivery)
  }
}

function waitMs({ random }: Delivery, tries: number): number {
  return Math.min(WAIT_MS.max, WAIT_MS.min * 2 ** (tries - 1)) * (0.5 + random() / 2)
}

function retryAfterMs(answer: Response | undefined): number {
  const seconds = Number(answer?.headers.get('retry-after') ?? 0)
  return Number.isFinite(seconds) ? Math.min(WAIT_MS.max, Math.max(0, seconds * 1000)) : 0
}

function unreachable({ url }: Delivery): Failure {
  return new Failure('not reachable', `No server answers at ${url}. Start one with: tokentrail start`)
}

function noTokentrail({ url }: Delivery): Failure {
  return new Failure('failed', `What answers at ${url} does not answer as a Tokentrail server of this version.`)
}

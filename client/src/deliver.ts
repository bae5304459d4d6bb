import { TokentrailError } from './errors.ts'
import type { IngestEvent } from './event.ts'

/** How the client reaches the server. */
export interface Connection {
  readonly url: string
  /** An access token of Tokentrail itself, with the role `ingest` or `validate`. */
  readonly token: string
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

/** When and how often to try again. */
export interface RetryPolicy {
  readonly triesMax: number
  readonly waitMsMin: number
  readonly waitMsMax: number
  /** In [0, 1); spreads the tries of many clients. */
  readonly random: () => number
}

/** What became of a batch, line by line as the server answered. */
export interface Delivery {
  readonly stored: number
  readonly repeated: number
  readonly rejected: number
  readonly lost: number
}

const NOTHING: Delivery = { stored: 0, repeated: 0, rejected: 0, lost: 0 }

/** Sends events, trying again with growing, jittered pauses; `lost` counts those given up. Never rejects. */
export async function deliver(
  connection: Connection,
  retry: RetryPolicy,
  events: readonly IngestEvent[],
  onFailure: (error: TokentrailError) => void,
): Promise<Delivery> {
  for (let tries = 1; ; tries++) {
    const failure = await send(connection, events)
    if (!(failure instanceof TokentrailError)) return failure
    onFailure(failure)
    if (failure.status === 413 && events.length > 1) return deliverHalves(connection, retry, events, onFailure)
    if (!mayPass(failure) || tries >= retry.triesMax) return { ...NOTHING, lost: events.length }
    await pause(waitMs(retry, tries, failure))
  }
}

async function deliverHalves(...[connection, retry, events, onFailure]: Parameters<typeof deliver>): Promise<Delivery> {
  const middle = Math.ceil(events.length / 2)
  const first = await deliver(connection, retry, events.slice(0, middle), onFailure)
  const second = await deliver(connection, retry, events.slice(middle), onFailure)
  return {
    stored: first.stored + second.stored,
    repeated: first.repeated + second.repeated,
    rejected: first.rejected + second.rejected,
    lost: first.lost + second.lost,
  }
}

async function send(connection: Connection, events: readonly IngestEvent[]): Promise<Delivery | TokentrailError> {
  try {
    const answer = await post(connection, '/v1/events', events)
    return count(((await answer.json()) as { results?: { result?: string }[] }).results ?? [])
  } catch (error) {
    return error instanceof TokentrailError ? error : unreachable(error)
  }
}

function count(results: readonly { result?: string }[]): Delivery {
  const of = (result: string): number => results.filter((line) => line.result === result).length
  return { stored: of('stored'), repeated: of('repeated'), rejected: of('rejected'), lost: of('lost') }
}

/** Posts JSON. Throws `unreachable` or `refused` (with the status and, where given, the problem's title). */
export async function post(connection: Connection, path: string, body: unknown): Promise<Response> {
  const answer = await connection
    .fetch(connection.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(connection.timeoutMs),
    })
    .catch((error: unknown) => {
      throw unreachable(error)
    })
  if (answer.ok) return answer
  throw new RefusedError(answer.status, await problemTitle(answer), retryAfterMs(answer))
}

class RefusedError extends TokentrailError {
  readonly retryAfterMs: number | undefined
  constructor(status: number, title: string, retryAfterMs: number | undefined) {
    super('refused', `The Tokentrail server answered ${status}: ${title}`, { status })
    this.retryAfterMs = retryAfterMs
  }
}

function unreachable(cause: unknown): TokentrailError {
  return new TokentrailError('unreachable', 'The Tokentrail server could not be reached in time; check the option url.', {
    cause,
  })
}

async function problemTitle(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string }
  return problem.detail ?? problem.title ?? answer.statusText
}

function retryAfterMs(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

/** A refusal of the batch itself will not pass by waiting; one of the credential may, once it is put right. */
function mayPass(failure: TokentrailError): boolean {
  const { status } = failure
  return status === undefined || status >= 500 || [401, 403, 408, 425, 429].includes(status)
}

/** Exponential back-off with full jitter, never earlier than the server asked for. */
function waitMs(retry: RetryPolicy, tries: number, failure: TokentrailError): number {
  const ceiling = Math.min(retry.waitMsMax, retry.waitMsMin * 2 ** (tries - 1))
  const asked = failure instanceof RefusedError ? (failure.retryAfterMs ?? 0) : 0
  return Math.min(retry.waitMsMax, Math.max(asked, retry.random() * ceiling))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

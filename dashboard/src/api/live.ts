import type { EventView, Milliseconds, ReasonClass } from './types.ts'

/** Decisions of one second that became durable since the last message. */
export interface LiveSecond extends Readonly<Record<ReasonClass, number>> {
  readonly at: Milliseconds
}

/** `off` is the reader's choice, `lost` is the network's. */
type LiveStatus = 'off' | 'connecting' | 'live' | 'lost'

/** What the stream has shown so far. A new object with each change. */
export interface LiveState {
  readonly status: LiveStatus
  /** Decisions of the last `SECONDS_KEPT` seconds, oldest first; seconds without any are left out. */
  readonly seconds: readonly LiveSecond[]
  readonly watermark: Milliseconds | null
  /** When this connection began, by the clock of this machine. */
  readonly since: Milliseconds
  readonly notice: string | null
}

export interface Live {
  state(): LiveState
  onState(listener: () => void): () => void
  onEvent(listener: (event: EventView) => void): () => void
  start(): void
  stop(): void
}

const SECONDS_KEPT = 60
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const

/**
 * The one stream of this tab (`GET /v1/live`). It reconnects by itself with growing pauses. Events go to listeners at once;
 * state is told at most four times a second, so that a busy server does not redraw the page more often than eyes can follow.
 */
export function createLive(open: (address: string) => EventSource = (address) => new EventSource(address)): Live {
  let state: LiveState = { status: 'off', seconds: [], watermark: null, since: 0, notice: null }
  let source: EventSource | undefined
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let telling: ReturnType<typeof setTimeout> | undefined
  const stateListeners = new Set<() => void>()
  const eventListeners = new Set<(event: EventView) => void>()

  const tell = () => {
    telling = undefined
    for (const listener of stateListeners) listener()
  }
  const change = (part: Partial<LiveState>, atOnce = false) => {
    state = { ...state, ...part }
    if (atOnce) tell()
    else telling ??= setTimeout(tell, 250)
  }
  const connect = () => {
    source = open('/v1/live')
    change({ status: 'connecting' }, true)
    source.addEventListener('open', () => {
      failures = 0
      change({ status: 'live', notice: null, since: Date.now(), seconds: [] }, true)
    })
    source.addEventListener('error', lose)
    source.addEventListener('counts', (message) => {
      const { seconds } = read(message) as { readonly seconds: readonly LiveSecond[] }
      change({ seconds: merge(state.seconds, seconds) })
    })
    source.addEventListener('watermark', (message) =>
      change({ watermark: (read(message) as { readonly watermark: number }).watermark }),
    )
    source.addEventListener('notice', (message) => change({ notice: (read(message) as { readonly text: string }).text }, true))
    source.addEventListener('event', (message) => {
      const event = read(message) as EventView
      for (const listener of eventListeners) listener(event)
    })
  }
  const lose = () => {
    source?.close()
    source = undefined
    change({ status: 'lost' }, true)
    retry = setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)])
    failures += 1
  }

  return {
    state: () => state,
    onState: (listener) => subscribe(stateListeners, listener),
    onEvent: (listener) => subscribe(eventListeners, listener),
    start: () => {
      if (state.status === 'off') connect()
    },
    stop: () => {
      clearTimeout(retry)
      source?.close()
      source = undefined
      change({ status: 'off', notice: null }, true)
    },
  }
}

/** Decisions per second since this connection began, over at most the last minute. */
export function rateOf({ seconds, since }: LiveState, now: Milliseconds): number {
  const span = Math.min(SECONDS_KEPT, Math.max(1, (now - since) / 1000))
  return (
    seconds.reduce((sum, each) => sum + each.accepted + each.invalid + each.forbidden + each.throttled + each.unavailable, 0) /
    span
  )
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(message: MessageEvent<string>): unknown {
  return JSON.parse(message.data)
}

function merge(held: readonly LiveSecond[], news: readonly LiveSecond[]): readonly LiveSecond[] {
  const byAt = new Map(held.map((second) => [second.at, second]))
  for (const each of news) byAt.set(each.at, add(byAt.get(each.at), each))
  const seconds = [...byAt.values()].sort((a, b) => a.at - b.at)
  const newest = seconds.at(-1)?.at ?? 0
  return seconds.filter(({ at }) => at > newest - SECONDS_KEPT * 1000)
}

function add(held: LiveSecond | undefined, more: LiveSecond): LiveSecond {
  if (!held) return more
  return {
    at: held.at,
    accepted: held.accepted + more.accepted,
    invalid: held.invalid + more.invalid,
    forbidden: held.forbidden + more.forbidden,
    throttled: held.throttled + more.throttled,
    unavailable: held.unavailable + more.unavailable,
  }
}

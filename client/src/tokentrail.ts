import { createBatcher } from './batch.ts'
import { createIds, credentialDigest, lossEvent, present } from './capture.ts'
import { deliver } from './deliver.ts'
import { TokentrailError } from './errors.ts'
import { validate } from './validator.ts'
import type { Connection, RetryPolicy } from './deliver.ts'
import type { DecisionReason, IngestEvent } from './event.ts'
import type { Validated, Validation } from './validator.ts'

export interface TokentrailOptions {
  /** Address of the server, such as `http://127.0.0.1:4600`. */
  readonly url: string
  /** An access token of Tokentrail itself, with the role `ingest` or `validate`. */
  readonly token: string
  /** Stands in every event and validation that names no other. */
  readonly service?: string
  readonly environment?: string
  /** Events waiting for delivery, at most; default 10,000. A further one is lost and counted. */
  readonly bufferCountMax?: number
  /** Events of one request, at most; default 500, no more than 1,000. */
  readonly batchCountMax?: number
  /** How long an event waits for company; default 200 ms. */
  readonly ageMsMax?: number
  /** Tries before a batch is given up; default 10, about two minutes. */
  readonly triesMax?: number
  /** For one request; default 5,000 ms. */
  readonly timeoutMs?: number
  /** Hears of every failure; for logs. It gets no token. */
  readonly onFailure?: (error: TokentrailError) => void
  readonly fetch?: typeof fetch
  readonly now?: () => number
  readonly random?: () => number
}

/** What became of the events that were recorded: `recorded = stored + repeated + rejected + waiting + Σ lost`. */
export interface Statistics {
  readonly recorded: number
  readonly stored: number
  readonly repeated: number
  readonly rejected: number
  readonly waiting: number
  readonly lost: { readonly client_buffer_full: number; readonly client_gave_up: number }
}

export interface Tokentrail {
  /** Takes an event and returns at once. Never throws; false when the buffer was full and the event is lost (and counted). */
  record(event: Omit<IngestEvent, 'at'> & { readonly at?: string | number }): boolean
  /** Asks the server. Never rejects: where it cannot be reached the answer is `unavailable`. */
  validate(request: Validation): Promise<Validated>
  /** An existing verifier that records each of its verdicts; its results and errors pass through unchanged. */
  wrapVerifier<Args extends readonly unknown[], Result>(
    verify: (...args: Args) => Result | Promise<Result>,
    describe?: DescribeVerdict<Args, Result>,
  ): (...args: Args) => Promise<Result>
  statistics(): Statistics
  /** Resolves when everything recorded so far was delivered or given up. */
  flush(): Promise<void>
  /** Delivers what waits, for at most `timeoutMs` (default 5,000), and takes no more. */
  close(timeoutMs?: number): Promise<void>
}

/** Parts of an event that a verdict of an existing verifier stands for. */
export type VerdictFacts = Partial<Omit<IngestEvent, 'id' | 'at' | 'type'>>

/** Says what a verdict means; by default a falsy result or a throw is `rejected`, and a text as first argument is digested. */
export type DescribeVerdict<Args extends readonly unknown[], Result> = (
  outcome: { readonly result: Result } | { readonly error: unknown },
  ...args: Args
) => VerdictFacts

/** A client of one server. */
export function createTokentrail(options: TokentrailOptions): Tokentrail {
  const settings = checked(options)
  const { connection, retry, labels, onFailure, now } = settings
  const nextId = createIds()
  const tally = { recorded: 0, stored: 0, repeated: 0, rejected: 0 }
  const lost = { client_buffer_full: 0, client_gave_up: 0 }
  const undeclared = { client_buffer_full: 0, client_gave_up: 0 }
  let closed = false
  const batcher = createBatcher<IngestEvent>({ ...settings, write })

  function record(event: Omit<IngestEvent, 'at'> & { readonly at?: string | number }): boolean {
    tally.recorded += 1
    const taken = !closed && batcher.add({ ...labels, at: now(), ...event, id: event.id ?? nextId() })
    if (!taken) lose('client_buffer_full', 1)
    return taken
  }

  function lose(reason: keyof typeof lost, count: number): void {
    lost[reason] += count
    undeclared[reason] += count
  }

  async function write(batch: readonly IngestEvent[]): Promise<void> {
    const declared = { ...undeclared }
    const losses = (Object.keys(declared) as (keyof typeof lost)[])
      .filter((reason) => declared[reason] > 0)
      .map((reason) => ({ ...lossEvent(reason, declared[reason], now()), id: nextId() }))
    const delivery = await deliver(connection, retry, [...batch, ...losses], onFailure)
    count(delivery, batch.length, losses.length)
    if (delivery.lost === 0)
      for (const reason of Object.keys(declared) as (keyof typeof lost)[]) undeclared[reason] -= declared[reason]
  }

  /** Losses stand last in their batch and are answered like every line; they are no recorded events. */
  function count(
    delivery: { stored: number; repeated: number; rejected: number; lost: number },
    events: number,
    losses: number,
  ): void {
    const whole = delivery.lost === 0 ? losses : 0
    tally.stored += Math.max(0, delivery.stored - whole)
    tally.repeated += delivery.repeated
    tally.rejected += delivery.rejected
    lose('client_gave_up', Math.min(delivery.lost, events))
  }

  function wrapVerifier<Args extends readonly unknown[], Result>(
    verify: (...args: Args) => Result | Promise<Result>,
    describe: DescribeVerdict<Args, Result> = () => ({}),
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      const started = performance.now()
      try {
        const result = await verify(...args)
        note({ result }, args, started)
        return result
      } catch (error) {
        note({ error }, args, started)
        throw error
      }
    }

    function note(outcome: { result: Result } | { error: unknown }, args: Args, started: number): void {
      const durationUs = Math.round((performance.now() - started) * 1000)
      void verdictFacts(outcome, args, describe).then(
        (facts) => record({ durationUs, ...facts }),
        () => onFailure(describeFailed()),
      )
    }
  }

  async function close(timeoutMs = 5000): Promise<void> {
    closed = true
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs))
    await Promise.race([batcher.flush(), timeout])
  }

  return {
    record,
    wrapVerifier,
    close,
    validate: (request) => validate(connection, { ...labels, ...request }, onFailure),
    flush: batcher.flush,
    statistics: () => ({ ...tally, waiting: batcher.waiting(), lost: { ...lost } }),
  }
}

async function verdictFacts<Args extends readonly unknown[], Result>(
  outcome: { result: Result } | { error: unknown },
  args: Args,
  describe: DescribeVerdict<Args, Result>,
): Promise<VerdictFacts> {
  const facts = describe(outcome, ...args)
  const accepted = facts.outcome ? facts.outcome === 'accepted' : 'result' in outcome && Boolean(outcome.result)
  const reason: DecisionReason = accepted ? 'valid' : 'unknown'
  const named = facts.token ?? facts.claimed ?? facts.credential
  const presented = named === undefined && typeof args[0] === 'string' ? await credentialDigest(args[0]) : undefined
  const identity =
    presented === undefined ? {} : accepted ? { token: `sha256:${presented.slice(0, 32)}` } : { credential: presented }
  return { outcome: accepted ? 'accepted' : 'rejected', reason, ...identity, ...facts }
}

function describeFailed(): TokentrailError {
  return new TokentrailError(
    'option_invalid',
    'The function that describes a verdict threw; the verdict was passed on and not recorded.',
  )
}

interface Settings {
  readonly connection: Connection
  readonly retry: RetryPolicy
  readonly labels: { service?: string; environment?: string }
  readonly onFailure: (error: TokentrailError) => void
  readonly now: () => number
  readonly bufferCountMax: number
  readonly batchCountMax: number
  readonly ageMsMax: number
}

/** Mistakes show when the client is made, not at the first request. */
function checked(options: TokentrailOptions): Settings {
  if (!URL.canParse(options.url) || !/^https?:/.test(options.url)) throw optionInvalid('url', 'an http or https address')
  if (!/^[\x21-\x7e]{8,4096}$/.test(options.token)) throw optionInvalid('token', 'an access token of Tokentrail, without spaces')
  return {
    connection: {
      url: options.url.replace(/\/+$/, ''),
      token: options.token,
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      timeoutMs: within('timeoutMs', options.timeoutMs ?? 5000, 1, 600_000),
    },
    retry: {
      triesMax: within('triesMax', options.triesMax ?? 10, 1, 1000),
      waitMsMin: 250,
      waitMsMax: 30_000,
      random: options.random ?? Math.random,
    },
    labels: present({ service: options.service, environment: options.environment }),
    onFailure: options.onFailure ?? (() => undefined),
    now: options.now ?? Date.now,
    bufferCountMax: within('bufferCountMax', options.bufferCountMax ?? 10_000, 1, 10_000_000),
    batchCountMax: within('batchCountMax', options.batchCountMax ?? 500, 1, 990),
    ageMsMax: within('ageMsMax', options.ageMsMax ?? 200, 0, 60_000),
  }
}

function within(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw optionInvalid(name, `a whole number from ${min} to ${max}`)
}

function optionInvalid(name: string, expected: string): TokentrailError {
  return new TokentrailError('option_invalid', `The option ${name} must be ${expected}.`)
}

import { createHash } from 'node:crypto'
import { formatHashes, openCheckpoint, parseDecimal, parseKey, TokentrailError } from 'tokentrail/log'
import type { OpenedCheckpoint } from 'tokentrail/log'
import { TrailError } from '../../errors.ts'
import { LOG_CRYPTO } from '../crypto.ts'
import type { WitnessAnchor } from './config.ts'

/** What a witness answered to a checkpoint. */
export type WitnessReply =
  /** Signature lines, not yet believed. */
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** It holds another size than was said. */
  | { readonly kind: 'holds'; readonly size: bigint }
  /** The proof does not verify from what it holds. */
  | { readonly kind: 'disagrees' }

const BODY_BYTES_MAX = 128 * 1024

/** `add-checkpoint` of c2sp.org/tlog-witness. Throws `anchor_failed` for every answer that is none of the protocol's three. */
export async function addCheckpoint(
  witness: WitnessAnchor,
  request: { readonly old: bigint; readonly proof: readonly Uint8Array[]; readonly note: string },
  signal: AbortSignal,
): Promise<WitnessReply> {
  const lines = [`old ${String(request.old)}`, ...formatHashes(request.proof)]
  const body = `${lines.join('\n')}\n\n${request.note}`
  const answer = await ask(`${witness.submit}/add-checkpoint`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain' },
    signal,
  })
  if (answer.status === 200) return { kind: 'cosigned', lines: answer.text }
  if (answer.status === 409) return { kind: 'holds', size: sizeOf(answer.text) }
  if (answer.status === 422) return { kind: 'disagrees' }
  throw failed(`The witness ${witness.name} answered ${String(answer.status)}.`)
}

/** The last checkpoint that a witness holds of a log, believed only because the log's own key has signed it; null where it shows none. */
export async function latestOf(
  witness: WitnessAnchor,
  log: { readonly origin: string; readonly vkey: string },
  signal: AbortSignal,
): Promise<OpenedCheckpoint | null> {
  const digest = createHash('sha256').update(log.origin).digest('hex')
  const { status, text } = await ask(`${witness.monitor}/${digest}/checkpoint`, { signal })
  if (status !== 200) return null
  try {
    return openCheckpoint(LOG_CRYPTO, text, { logs: [parseKey(LOG_CRYPTO.sha256, log.vkey)] })
  } catch (error) {
    if (error instanceof TokentrailError) return null
    throw error
  }
}

async function ask(url: string, init: RequestInit): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await fetch(url, { ...init, redirect: 'error' })
    return { status: answer.status, text: await readBounded(answer) }
  } catch (error) {
    if (error instanceof TrailError) throw error
    throw failed(`The witness at ${new URL(url).host} cannot be reached (${codeOf(error)}).`)
  }
}

async function readBounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw failed('The answer of the witness is larger than 128 KiB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function sizeOf(text: string): bigint {
  try {
    return parseDecimal(text.replace(/\n$/, ''), 'size')
  } catch {
    throw failed('The witness answered 409 without a size.')
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.name : 'unknown'
}

function failed(message: string): TrailError {
  return new TrailError('anchor_failed', message)
}

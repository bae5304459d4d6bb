import type { LogCrypto } from '../log/keys.ts'
import type { LogPolicy } from '../log/policy.ts'
import { isSameHash } from '../merkle.ts'
import { openUnder } from './checkpoint.ts'
import { cannotSay, failure, holds, type Outcome } from './outcome.ts'

/** What older checkpoints of a reader are compared with. */
export interface Known {
  readonly origin: string
  /** The root at a size, where it is known and proven. */
  rootAt(size: bigint): Uint8Array | undefined
  /** Why there is none. */
  whyNot(size: bigint): string
}

/** What came of the checkpoints that a reader kept. */
export interface OlderFound {
  /** What refutes the log, or a note that is none of it. */
  readonly bad?: string
  /** It refutes the log. */
  readonly isRewritten?: boolean
  readonly compared: number
  /** A sentence for each. */
  readonly says: readonly string[]
}

/** Compares older checkpoints: each was signed under the reader's keys, is of the same log, and has the root of its size. */
export function compareOlder(crypto: LogCrypto, policy: LogPolicy, notes: readonly string[], known: Known): OlderFound {
  let compared = 0
  const says: string[] = []
  for (const note of notes) {
    const opened = openOlder(crypto, policy, note)
    if (typeof opened === 'string')
      return { bad: `A checkpoint that you brought is not signed by a key that you brought: ${opened}.`, compared, says }
    if (opened.origin !== known.origin)
      return { bad: `A checkpoint that you brought is of another log: ${opened.origin}.`, compared, says }
    const size = opened.size.toLocaleString('en-US')
    const root = known.rootAt(opened.size)
    if (!root) says.push(`Not compared: your checkpoint of size ${size}, ${known.whyNot(opened.size)}.`)
    else if (!isSameHash(root, opened.root)) {
      const bad = `The log was rewritten: it is not what your checkpoint of size ${size} says it was.`
      return { bad, isRewritten: true, compared, says }
    } else {
      compared += 1
      says.push(`The log continued your checkpoint of size ${size}.`)
    }
  }
  return { compared, says }
}

/** The outcome where nothing is bad: only what was compared is counted. */
export function olderSay({ compared, says: each }: OlderFound, says: string, notes: readonly string[]): Outcome {
  const all = [...notes, ...each]
  if (compared < each.length)
    return cannotSay(
      'checkpoint',
      `${says}. Of ${count(each.length)} ${each.length === 1 ? 'checkpoint' : 'checkpoints'} that you hold ${count(each.length - compared)} could not be compared with it.`,
      all,
    )
  const more =
    compared === 0
      ? ''
      : compared === 1
        ? ', and it continued the checkpoint that you hold'
        : `, and it continued the ${count(compared)} checkpoints that you hold`
  return holds('checkpoint', `${says}${more}.`, all)
}

function openOlder(crypto: LogCrypto, policy: LogPolicy, note: string): ReturnType<typeof openUnder> | string {
  try {
    return openUnder(crypto, policy, note)
  } catch (error) {
    return failure('checkpoint', undefined, error).says
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

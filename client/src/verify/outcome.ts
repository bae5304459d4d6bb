import { TokentrailError } from '../errors.ts'
import { PackBroken } from './zip.ts'

/** The checks, in the order in which they are told. */
export const CHECKS = {
  trust: 'Is it signed by a log that you trust?',
  manifest: 'Is every file the one that the report was signed with?',
  checkpoint: 'Are the checkpoints signed, cosigned, and does each continue the one before?',
  inclusion: 'Does every entry stand in the signed tree?',
  form: 'Is every entry written in the one form that entries have?',
  completeness: 'Is no entry left out?',
  disclosure: 'Are the disclosed values those that were recorded?',
  figures: 'Do the figures follow from entries and rows?',
} as const
export type CheckName = keyof typeof CHECKS

/** What came of a check. `cannot say`: what is there neither shows nor refutes it. */
export interface Outcome {
  readonly check: CheckName
  readonly state: 'holds' | 'fails' | 'cannot say'
  /** A sentence for people. */
  readonly says: string
  /** More sentences: what is listed, and what is not shown. */
  readonly notes: readonly string[]
  /** The first place that is wrong. */
  readonly first?: Place
}

/** Where something is wrong: a file, an index of the log, or both. */
export interface Place {
  readonly file?: string
  readonly index?: number
}

/** Everything that was found. */
export interface Verification {
  readonly outcomes: readonly Outcome[]
  /** No check fails, and the reader's own keys were met. */
  readonly isGood: boolean
}

/** A check that came out well. */
export function holds(check: CheckName, says: string, notes: readonly string[] = []): Outcome {
  return { check, state: 'holds', says, notes }
}

/** A check that came out badly. */
export function fails(check: CheckName, says: string, first: Place = {}, notes: readonly string[] = []): Outcome {
  return { check, state: 'fails', says, notes, first }
}

/** A check that cannot be made with what is there. */
export function cannotSay(check: CheckName, says: string, notes: readonly string[] = []): Outcome {
  return { check, state: 'cannot say', says, notes }
}

/** Good is only what nothing speaks against, what rests on a key of the reader, and whose manifest holds, where there is one. */
export function verification(outcomes: readonly Outcome[]): Verification {
  const isRested = outcomes.every(({ check, state }) => state === 'holds' || (check !== 'trust' && check !== 'manifest'))
  const isTrusted = outcomes.some(({ check, state }) => check === 'trust' && state === 'holds')
  return { outcomes, isGood: isTrusted && isRested && outcomes.every(({ state }) => state !== 'fails') }
}

/** Runs a check; what is malformed on the way makes it fail. */
export async function attempt(
  check: CheckName,
  file: string | undefined,
  run: () => Promise<Outcome> | Outcome,
): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    return failure(check, file, error)
  }
}

/** The outcome of a check that met something malformed. Any other error is a fault of ours and goes on. */
export function failure(check: CheckName, file: string | undefined, error: unknown): Outcome {
  if (error instanceof PackBroken) return fails(check, error.message, placeOf(error.file ?? file))
  if (error instanceof TokentrailError || error instanceof SyntaxError || error instanceof RangeError)
    return fails(check, error.message, placeOf(file))
  throw error
}

function placeOf(file: string | undefined): Place {
  return file === undefined ? {} : { file }
}

import type { Found } from '../finding.ts'

/**
 * Detectors that speak of a token because somebody named its id without holding its secret. A stranger can cause these at
 * will, so nothing of what they find may touch the token.
 */
const UNPROVEN: ReadonlySet<string> = new Set(['known-id-guessing', 'code-guessing', 'forged-shape', 'guessing', 'spraying'])

/** The token that a finding is about, if its secret was shown. */
export function provenToken({ detector, subject }: Pick<Found, 'detector' | 'subject'>): number | undefined {
  return UNPROVEN.has(detector) || subject.kind !== 'token' ? undefined : numberOf(subject.key)
}

/** Every token that a finding rests on. */
export function provenTokens({ detector, subject, touches }: Pick<Found, 'detector' | 'subject' | 'touches'>): readonly number[] {
  if (UNPROVEN.has(detector)) return []
  const tokens = [subject, ...touches].filter(({ kind }) => kind === 'token').flatMap(({ key }) => numberOf(key) ?? [])
  return [...new Set(tokens)]
}

function numberOf(key: string): number | undefined {
  const no = Number(key)
  return Number.isSafeInteger(no) && no > 0 ? no : undefined
}

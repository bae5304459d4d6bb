import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'

/** What an evidence question may be asked with, beside its window. */
export interface EvidenceParams {
  /** Unused for more days than this is stale. */
  readonly days: number
  /** More networks or services than these is shared use. */
  readonly networks: number
  readonly services: number
  /** Public id of a token, to ask about it alone. */
  readonly token: string
  /** Id of an incident. */
  readonly incident: string
}
export type EvidenceParam = keyof EvidenceParams

interface Rule {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  readonly doc: string
}

const wholeUpTo = (max: number, doc: string): Rule => ({
  expected: `a whole number from 0 to ${max}`,
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max,
  doc,
})
const idText = (doc: string): Rule => ({
  expected: 'a text of 1 to 200 characters',
  accepts: (value) => typeof value === 'string' && value.length > 0 && value.length <= 200,
  doc,
})

/** Every parameter and what it accepts. */
export const EVIDENCE_PARAMS: { readonly [P in EvidenceParam]: Rule } = {
  days: wholeUpTo(2200, 'days without use after which a token is stale'),
  networks: wholeUpTo(100_000, 'networks of one token beyond which its use counts as shared'),
  services: wholeUpTo(100_000, 'services of one token beyond which its use counts as shared'),
  token: idText('public id of a token'),
  incident: idText('id of an incident'),
}

const WINDOW_DAYS_MAX = 2200
const DAY_MS = 86_400_000
/** 2100-01-01: later times have no place in the store. */
const TIME_MAX = 4_102_444_800_000

/** What a caller gives: a window, and any of the question's own parameters. */
export type GivenParams = { readonly from: Milliseconds; readonly to: Milliseconds } & Partial<EvidenceParams>

/** Refuses what the question does not take; gives the parameters with its defaults. */
export function checkEvidence<Given extends GivenParams>(defaults: Partial<EvidenceParams>, given: Given): Given {
  checkWindow(given)
  for (const [name, value] of Object.entries(given)) {
    if (name === 'from' || name === 'to' || value === undefined) continue
    if (!Object.hasOwn(defaults, name)) throw invalid(name, `left out; this question takes ${namesOf(defaults)}`)
    const { accepts, expected } = EVIDENCE_PARAMS[name as EvidenceParam]
    if (!accepts(value)) throw invalid(name, expected)
  }
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(present) } as Given
}

function checkWindow({ from, to }: GivenParams): void {
  for (const [name, at] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (!Number.isSafeInteger(at) || at < 0 || at >= TIME_MAX)
      throw new TrailError('time_invalid', `The parameter ${name} must be whole milliseconds since 1970, before the year 2100.`, {
        input: name,
      })
  if (from >= to) throw new TrailError('time_invalid', 'The parameter to must be later than from.', { input: 'to' })
  if (to - from > WINDOW_DAYS_MAX * DAY_MS)
    throw new TrailError('time_invalid', `The parameter from must be at most ${WINDOW_DAYS_MAX} days before to.`, {
      input: 'from',
    })
}

function namesOf(defaults: object): string {
  return ['from', 'to', ...Object.keys(defaults)].join(', ')
}

function invalid(input: string, expected: string): TrailError {
  return new TrailError('parameter_invalid', `The parameter ${input} must be ${expected}.`, { input })
}

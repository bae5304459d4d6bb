import { KINDS, OUTCOMES, TYPES, type Reason, DECISION_REASONS, FACT_REASONS, parseEventId } from 'tokentrail'
import { TrailError, type ErrorCode } from '../errors.ts'
import { STEPS } from './steps.ts'

/** Rows of one answer; a longer list goes on by its cursor. */
export const ROWS_MAX = 500
const TEXT_MAX = 200
const WINDOW_DAYS_MAX = 2200
const BUCKETS_MAX = 11_000
const DAY_MS = 86_400_000
/** 2100-01-01, inside every time type of the store. */
const TIME_MAX = 4_102_444_800_000

interface Check {
  readonly expected: string
  readonly code?: ErrorCode
  readonly accepts: (value: unknown) => boolean
}

const names = (table: object): string => Object.keys(table).join(', ')
const oneOf = (table: object): Check => ({
  expected: `one of ${names(table)}`,
  accepts: (value) => typeof value === 'string' && Object.hasOwn(table, value),
})
const text: Check = {
  expected: `a text of 1 to ${TEXT_MAX} characters`,
  accepts: (value) => typeof value === 'string' && value.length > 0 && value.length <= TEXT_MAX,
}
const time: Check = {
  expected: 'whole milliseconds since 1970, before the year 2100',
  code: 'time_invalid',
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < TIME_MAX,
}
const { none: _none, ...tokenKinds } = KINDS

/** Every parameter that a question may take, and what it accepts. */
const CHECKS = {
  from: time,
  to: time,
  kind: oneOf(tokenKinds),
  token: text,
  step: oneOf(STEPS),
  by: oneOf({ class: 1, outcome: 1, reason: 1, kind: 1, service: 1, population: 1 }),
  measure: oneOf({ attempts: 1, failed: 1 }),
  limit: {
    expected: `a whole number from 1 to ${ROWS_MAX}`,
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= ROWS_MAX,
  },
  type: oneOf(TYPES),
  outcome: oneOf(OUTCOMES),
  class: oneOf({ accepted: 1, invalid: 1, forbidden: 1, throttled: 1, unavailable: 1 }),
  reason: oneOf({ ...DECISION_REASONS, ...FACT_REASONS } satisfies Record<Reason, unknown>),
  network: {
    expected: 'the name of a network: 1 to 16 hexadecimal digits, or other',
    accepts: (value) => typeof value === 'string' && /^(?:other|[0-9a-f]{1,16})$/i.test(value),
  },
  service: text,
  route: text,
  client: text,
  requestId: text,
  id: {
    expected: 'the id of an event, evt_…',
    accepts: (value) => typeof value === 'string' && parseEventId(value) !== undefined,
  },
  cursor: { ...text, code: 'cursor_invalid', expected: 'the cursor of the page above' },
  tokens: {
    expected: `a list of 1 to ${ROWS_MAX} token ids`,
    accepts: (value) => Array.isArray(value) && value.length > 0 && value.length <= ROWS_MAX && value.every(text.accepts),
  },
} as const satisfies Record<string, Check>

export type Field = keyof typeof CHECKS
/** Which parameters a question takes. */
export type Fields<Params> = { readonly [F in keyof Params & Field]-?: undefined extends Params[F] ? 'optional' : 'required' }

/** Refuses what a question does not take, cannot believe or could not afford. */
export function checkParams(fields: Readonly<Partial<Record<Field, 'optional' | 'required'>>>, params: object): void {
  const given = new Map(Object.entries(params).filter(([, value]) => value !== undefined))
  for (const name of given.keys()) {
    if (!Object.hasOwn(fields, name)) throw invalid('parameter_invalid', name, `left out; this question takes ${names(fields)}`)
  }
  for (const [name, need] of Object.entries(fields)) checkField(name as Field, given.get(name), need)
  if ('from' in fields) checkWindow(Number(given.get('from')), Number(given.get('to')), given.get('step'))
}

function checkField(name: Field, value: unknown, need: 'optional' | 'required'): void {
  const check: Check = CHECKS[name]
  if (value === undefined && need === 'optional') return
  if (!check.accepts(value)) throw invalid(check.code ?? 'parameter_invalid', name, check.expected)
}

function checkWindow(from: number, to: number, step: unknown): void {
  if (from >= to) throw invalid('time_invalid', 'to', 'later than from; the window holds from and ends before to')
  if (to - from > WINDOW_DAYS_MAX * DAY_MS) throw invalid('time_invalid', 'from', `at most ${WINDOW_DAYS_MAX} days before to`)
  if (step === undefined) return
  const buckets = (to - from) / (STEPS[step as keyof typeof STEPS].seconds * 1000)
  if (buckets > BUCKETS_MAX)
    throw invalid('parameter_invalid', 'step', `long enough for at most ${BUCKETS_MAX} steps in the window`)
}

function invalid(code: ErrorCode, input: string, expected: string): TrailError {
  return new TrailError(code, `The parameter ${input} must be ${expected}.`, { input })
}

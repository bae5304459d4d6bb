import { Type } from 'typebox'
import type { TokenRecord } from '../records/records.ts'
import { RESPONSE_STATES, STEPS, type ResponseRecord } from '../records/responses.ts'
import { closed, Text, Time } from './schemas.ts'
import { timeText } from './times.ts'

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])
const Loose = Type.Object({}, { additionalProperties: true })

export const StepName = Type.Enum([...STEPS])
export const ResponseStateName = Type.Enum([...RESPONSE_STATES])
const RateSchema = closed({
  count: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  windowMs: Type.Integer({ minimum: 1000, maximum: 86_400_000 }),
})

/** What to do about a finding. */
export const ResponseBody = closed({
  finding: Text,
  step: StepName,
  tokens: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 100, uniqueItems: true })),
  rate: Type.Optional(RateSchema),
  until: Type.Optional(Time),
  dryRun: Type.Optional(Type.Boolean({ description: 'default: as the playbook says' })),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'for people; never a secret' })),
})

/** A playbook, or the part of it that changes. */
export const PlaybookBody = closed({
  live: Type.Optional(Type.Array(StepName, { maxItems: 4, uniqueItems: true, description: 'steps that are no dry run' })),
  secondPerson: Type.Optional(Type.Array(StepName, { maxItems: 4, uniqueItems: true })),
  throttle: Type.Optional(
    Type.Array(Text, { maxItems: 100, uniqueItems: true, description: 'detectors that throttle by themselves' }),
  ),
  suspend: Type.Optional(
    Type.Array(Type.Enum(['leaked-token', 'guess-then-hit']), {
      uniqueItems: true,
      description: 'detectors that suspend by themselves',
    }),
  ),
  rate: Type.Optional(RateSchema),
  throttleHours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 24 })),
  suspendHours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 72 })),
})

export const ResponseSchema = Type.Object({
  id: Type.String(),
  finding: Type.String(),
  detector: Type.String(),
  detectorVersion: Type.Integer(),
  step: StepName,
  state: ResponseStateName,
  dryRun: Type.Boolean(),
  automatic: Type.Boolean(),
  tokens: Type.Array(Type.String()),
  rate: Type.Union([Loose, Type.Null()]),
  until: MaybeInstant,
  over: Type.Boolean({ description: 'it was applied and its time is over' }),
  approvalsNeeded: Type.Integer(),
  approvals: Type.Integer(),
  because: Type.Array(Type.String(), { description: 'why more people must agree' }),
  reason: Type.Union([Type.String(), Type.Null()]),
  blastRadius: Type.Array(Loose, { description: 'per token, as it stood when it was proposed; times are milliseconds' }),
  results: Type.Array(Loose),
  failure: Type.Union([Type.String(), Type.Null()]),
  tries: Type.Integer(),
  nextTryAt: MaybeInstant,
  createdAt: Instant,
  changedAt: Instant,
  appliedAt: MaybeInstant,
})

/** A response as its resource. Tokens by their public ids; purged ones by a stand-in. */
export function responseResource(response: ResponseRecord, tokens: ReadonlyMap<number, TokenRecord>, at: number) {
  const { id, findingId, detector, detectorVersion, step, state, dryRun, automatic, rate, until, because, reason } = response
  const idOf = (no: number) => tokens.get(no)?.id ?? `purged-${no}`
  return {
    id,
    finding: findingId,
    detector,
    detectorVersion,
    step,
    state,
    dryRun,
    automatic,
    tokens: response.tokens.map(idOf),
    rate: rate && { ...rate },
    until: timeText(until),
    over: state === 'applied' && until !== null && until <= at,
    approvalsNeeded: response.approvalsNeeded,
    approvals: response.approvers.length,
    because: [...because],
    reason,
    blastRadius: JSON.parse(response.radius) as Record<string, unknown>[],
    results: response.results.map(({ no, did, found }) => ({ token: idOf(no), did, ...(found === undefined ? {} : { found }) })),
    failure: response.failure,
    tries: response.tries,
    nextTryAt: timeText(response.nextAt),
    createdAt: timeText(response.createdAt),
    changedAt: timeText(response.changedAt),
    appliedAt: timeText(response.appliedAt),
  }
}

import {
  DECISION_REASONS,
  ENDING_GROUPS,
  type EndingReason,
  FACT_REASONS,
  OUTCOMES,
  type Outcome,
  type ReasonClass,
  type TokenKind,
} from 'tokentrail'
import { Type } from 'typebox'
import { ERRORS } from '../errors.ts'
import { ROLES, type TokenState } from '../records/records.ts'

/** Shapes that several routes share. Each is validation, type and documentation at once. */

const CLOSED = { additionalProperties: false } as const

const KIND_NAMES = ['access', 'action', 'validation'] as const satisfies readonly TokenKind[]
const CLASS_NAMES = ['accepted', 'invalid', 'forbidden', 'throttled', 'unavailable'] as const satisfies readonly ReasonClass[]
const STATE_NAMES = [
  'active',
  'in_grace',
  'suspended',
  'not_yet_valid',
  'consumed',
  'revoked',
  'superseded',
  'locked',
  'exhausted',
  'expired',
] as const satisfies readonly TokenState[]
const ENDING_REASONS: EndingReason[] = Object.values(ENDING_GROUPS).flat()

export const Kind = Type.Enum(KIND_NAMES)
export const Class = Type.Enum(CLASS_NAMES)
export const State = Type.Enum(STATE_NAMES)
export const OutcomeName = Type.Enum(Object.keys(OUTCOMES) as Outcome[])
export const EndingReasonName = Type.Enum(ENDING_REASONS)
export const RoleName = Type.Enum([...ROLES])
export const ReasonName = Type.Enum([...Object.keys(DECISION_REASONS), ...Object.keys(FACT_REASONS)])

/** A short text: a name, an id, a label. */
export const Text = Type.String({ minLength: 1, maxLength: 200 })
/** As a parameter, a time is text. */
export const TimeText = Type.String({ minLength: 1, maxLength: 40, description: 'RFC 3339, or milliseconds since 1970' })
/** In a body, a time may also be a number. */
export const Time = Type.Union([Type.String({ minLength: 1, maxLength: 40 }), Type.Integer()], {
  description: 'RFC 3339, or milliseconds since 1970',
})
/** A presented credential, whatever it is. Longer ones are answered by the door, so that they are counted. */
export const TokenText = Type.String({ minLength: 1, maxLength: 8192, description: "a token's text" })
export const TokenId = Type.String({ minLength: 1, maxLength: 200, description: 'public id of a token' })
const Instant = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

/** Path parameter of everything under one token. */
export const IdParams = Type.Object({ id: TokenId }, CLOSED)

/** Problem details, RFC 9457. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.Enum(Object.keys(ERRORS)),
  detail: Type.String(),
  input: Type.Optional(Type.String({ description: 'JSON pointer into the body, or name of the parameter or header' })),
  requestId: Type.String(),
  retryAfterSeconds: Type.Optional(Type.Integer()),
})

/** A token as a resource. Times are RFC 3339. */
export const TokenSchema = Type.Object({
  id: Type.String(),
  kind: Kind,
  state: State,
  name: Type.Union([Type.String(), Type.Null()]),
  owner: Type.String(),
  environment: Type.Union([Type.String(), Type.Null()]),
  role: Type.Union([RoleName, Type.Null()]),
  scopes: Type.Array(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  cidrs: Type.Array(Type.String()),
  origins: Type.Array(Type.String()),
  methods: Type.Array(Type.String()),
  issuedAt: Instant,
  knownSince: Instant,
  notBefore: Instant,
  expiresAt: Instant,
  usesMax: Type.Union([Type.Integer(), Type.Null()]),
  usesLeft: Type.Union([Type.Integer(), Type.Null()]),
  rateLimit: Type.Union([Type.Object({ count: Type.Integer(), windowMs: Type.Integer() }), Type.Null()]),
  action: Type.Union([Type.String(), Type.Null()]),
  resource: Type.Union([Type.String(), Type.Null()]),
  attemptsMax: Type.Union([Type.Integer(), Type.Null()]),
  attemptsUsed: Type.Integer(),
  channel: Type.Union([Type.String(), Type.Null()]),
  sentAt: Instant,
  generation: Type.Integer(),
  graceUntil: Instant,
  suspendedAt: Instant,
  endedAt: Instant,
  ending: Type.Union([Type.String(), Type.Null()]),
  endingReason: Type.Union([Type.String(), Type.Null()]),
  scheme: Type.String({ description: 'how its secret is stored' }),
  canary: Type.Boolean(),
  simulated: Type.Boolean(),
  observed: Type.Boolean({ description: 'validated by another system' }),
})

/** The answer of a named question. Its rows stand in the documentation of each question. */
export function answerOf(row: string) {
  return Type.Object({
    question: Type.String(),
    params: Type.Record(Type.String(), Type.Unknown()),
    window: Type.Optional(Type.Object({ from: Type.Integer(), to: Type.Integer() })),
    watermark: Type.Integer({ description: 'every event received up to here is counted' }),
    completeness: Type.Object({
      value: Type.Union([Type.Number(), Type.Null()]),
      received: Type.Number(),
      missing: Type.Number(),
      lost: Type.Record(Type.String(), Type.Number()),
    }),
    lateEvents: Type.Number(),
    method: Type.String(),
    cost: Type.Object({ rowsRead: Type.Number(), elapsedMs: Type.Number() }),
    rows: Type.Array(Type.Unknown(), { description: row }),
    next: Type.Optional(Type.String({ description: 'cursor of the next page' })),
  })
}

/** An object that refuses fields it does not know. */
export function closed<Properties extends Type.TProperties>(properties: Properties) {
  return Type.Object(properties, CLOSED)
}

import { Type } from 'typebox'
import { TYPES } from 'tokentrail'
import type { Permission } from '../access/permissions.ts'
import { ROWS_MAX } from '../query/params.ts'
import type { QuestionName, SeriesKey, Step } from '../query/rows.ts'
import { Class, closed, Kind, OutcomeName, ReasonName, Text, TimeText, TokenId } from './schemas.ts'

export const StepName = Type.Enum(['minute', '5minutes', 'hour', '6hours', 'day', 'week'] as const satisfies readonly Step[])
const SeriesKeyName = Type.Enum([
  'class',
  'outcome',
  'reason',
  'kind',
  'service',
  'population',
] as const satisfies readonly SeriesKey[])

const Limit = Type.Integer({ minimum: 1, maximum: ROWS_MAX })
export const WindowQuery = {
  from: Type.Optional(TimeText),
  to: Type.Optional(TimeText),
}
const narrowed = { ...WindowQuery, kind: Type.Optional(Kind), token: Type.Optional(TokenId) }
const ofToken = { ...WindowQuery, kind: Type.Optional(Kind), token: TokenId }
const top = { ...narrowed, measure: Type.Optional(Type.Enum(['attempts', 'failed'])), limit: Type.Optional(Limit) }
const use = { ...ofToken, limit: Type.Optional(Limit) }

const EventsQuery = {
  ...WindowQuery,
  token: Type.Optional(TokenId),
  type: Type.Optional(Type.Enum(Object.keys(TYPES))),
  outcome: Type.Optional(OutcomeName),
  class: Type.Optional(Class),
  reason: Type.Optional(ReasonName),
  kind: Type.Optional(Kind),
  network: Type.Optional(Text),
  service: Type.Optional(Text),
  route: Type.Optional(Text),
  client: Type.Optional(Text),
  requestId: Type.Optional(Text),
  id: Type.Optional(Text),
  cursor: Type.Optional(Text),
  limit: Type.Optional(Limit),
}

type QuestionRoute = {
  /** `rows:read` where a row is one token, event or network. */
  readonly permission: Permission
  readonly summary: string
  readonly query: Type.TProperties
}

/** Every named question over HTTP: who may ask it, and its parameters. One that is missing here does not compile. */
export const QUESTION_ROUTES = {
  'validations-by-step': {
    permission: 'figures:read',
    summary: 'Decisions over time; buckets without any are left out',
    query: { ...narrowed, step: StepName, by: Type.Optional(SeriesKeyName) },
  },
  totals: { permission: 'figures:read', summary: "The window's figures, in one row", query: narrowed },
  'rejections-by-reason': { permission: 'reasons:read', summary: 'Rejections by their exact reason', query: narrowed },
  'latency-by-step': { permission: 'figures:read', summary: 'Door to verdict over time', query: { ...narrowed, step: StepName } },
  'top-tokens': { permission: 'rows:read', summary: 'The tokens with most attempts or failures', query: top },
  'top-networks': { permission: 'rows:read', summary: 'The networks with most attempts or failures', query: top },
  'events-page': { permission: 'rows:read', summary: 'Single events, newest first', query: EventsQuery },
  'token-life-line': {
    permission: 'rows:read',
    summary: "What happened in a token's life but its single validations",
    query: { token: TokenId },
  },
  'places-of-token': { permission: 'rows:read', summary: 'From where a token was used', query: use },
  'agents-of-token': { permission: 'rows:read', summary: 'By which clients a token was used', query: use },
  'routes-of-token': { permission: 'rows:read', summary: 'On which routes a token was used', query: use },
  'services-of-token': { permission: 'rows:read', summary: 'At which services a token was used', query: use },
  'scopes-of-token': { permission: 'rows:read', summary: 'Scopes that a token has and uses', query: ofToken },
  'uses-after-end': {
    permission: 'rows:read',
    summary: 'Attempts with a token after its end: somebody still holds it',
    query: ofToken,
  },
  'single-use-funnel': {
    permission: 'figures:read',
    summary: 'Single-use tokens from issue to success',
    query: { ...WindowQuery, kind: Type.Enum(['action', 'validation']) },
  },
  'last-used-by-token': {
    permission: 'rows:read',
    summary: 'When each of some tokens was last used',
    query: { tokens: Type.String({ minLength: 1, maxLength: 20_000, description: 'public ids, separated by commas' }) },
  },
  completeness: { permission: 'figures:read', summary: 'What was received, stored and lost, by minute', query: WindowQuery },
} as const satisfies Record<QuestionName, QuestionRoute>

/** A question's parameters as its schema gives them, closed. */
export function querySchema(name: QuestionName) {
  return closed<Type.TProperties>(QUESTION_ROUTES[name].query)
}

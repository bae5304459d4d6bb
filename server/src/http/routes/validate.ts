import { isIP } from 'node:net'
import { DECISION_REASONS, type DecisionReason } from 'tokentrail'
import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import type { ValidationRequest, Verdict } from '../../tokens/door.ts'
import { type App, principalOf } from '../app.ts'
import { MANY_BYTES_MAX } from '../bodies.ts'
import type { HttpParts } from '../parts.ts'
import { recorded } from '../recorded.ts'
import { Class, closed, Kind, Text, TokenText } from '../schemas.ts'
import { timeText } from '../times.ts'

const ITEMS_MAX = 1000
/** Judged at once of one request, so that many items do not starve others. */
const AT_ONCE = 100

const Address = Type.String({
  minLength: 2,
  maxLength: 64,
  description: 'IPv4 or IPv6 address of the one who presented the token',
})

const Question = closed({
  token: TokenText,
  kind: Type.Optional(Kind),
  action: Type.Optional(Text),
  resource: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  scopes: Type.Optional(Type.Array(Text, { maxItems: 64 })),
  ip: Type.Optional(Address),
  origin: Type.Optional(Text),
  userAgent: Type.Optional(Type.String({ maxLength: 1000 })),
  service: Type.Optional(Text),
  environment: Type.Optional(Text),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
  route: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'route template, never a path' })),
  requestId: Type.Optional(Text),
  check: Type.Optional(Type.Boolean({ description: 'judge without consuming' })),
})

const VerdictSchema = Type.Object({
  verdict: Type.Enum(['accepted', 'rejected']),
  answer: Class,
  reason: Type.String({ description: 'the class again; the exact reason for roles with reasons:read' }),
  token: Type.Optional(
    Type.Object({
      id: Type.String(),
      kind: Kind,
      owner: Type.String(),
      name: Type.Union([Type.String(), Type.Null()]),
      scopes: Type.Array(Type.String()),
      expiresAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    }),
  ),
  at: Type.String({ format: 'date-time' }),
  retryAfterMs: Type.Optional(Type.Integer()),
})
type VerdictView = Type.Static<typeof VerdictSchema>

/** Validation of one token or of many, of the caller's own tenant. A refusal is an answer with status 200, not an error. */
export function validateRoutes(app: App, { door, access }: HttpParts): void {
  app.post(
    '/v1/validate',
    {
      bodyLimit: MANY_BYTES_MAX,
      config: { permission: 'tokens:validate' },
      schema: {
        tags: ['validation'],
        summary: 'Validate a token, or up to 1,000 in `items`',
        description:
          'Every question is recorded before it is answered. `answer` is the class of the reason. `reason` repeats it, unless the caller has `reasons:read`: then it is exact. ' +
          '`token` is given for accepted tokens only; holders of `reasons:read` also get it for tokens that were proven and rejected.',
        body: Type.Union([Question, closed({ items: Type.Array(Question, { minItems: 1, maxItems: ITEMS_MAX }) })]),
        response: { 200: Type.Union([VerdictSchema, Type.Object({ items: Type.Array(VerdictSchema) })]) },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const exact = access.permits(principal, 'reasons:read')
      const judge = async (question: Type.Static<typeof Question>): Promise<VerdictView> =>
        viewOf(recorded(await door.validate({ ...question, tenantNo: principal.tenantNo } satisfies ValidationRequest)), exact)
      if (!('items' in request.body)) {
        checkAddress(request.body, '')
        return judge(request.body)
      }
      request.body.items.forEach((item, i) => checkAddress(item, `/items/${i}`))
      return { items: await inTurn(request.body.items, judge) }
    },
  )
}

/** A wrong address would be judged as none, and tokens bound to a range be refused without a word why. */
function checkAddress({ ip }: Type.Static<typeof Question>, at: string): void {
  if (ip === undefined || isIP(ip) !== 0) return
  throw new TrailError(
    'body_invalid',
    `The body at ${at}/ip must be an IPv4 or IPv6 address, without a port. Leave it out where it is not known.`,
    {
      input: `${at}/ip`,
    },
  )
}

function viewOf({ verdict, reason, answer, token, at, retryAfterMs }: Verdict, exact: boolean): VerdictView {
  const shown = token && (verdict === 'accepted' || exact) ? token : undefined
  return {
    verdict,
    answer,
    reason: exact ? reason : coarse(reason),
    ...(shown
      ? {
          token: {
            id: shown.id,
            kind: shown.kind,
            owner: shown.ownerId,
            name: shown.name,
            scopes: [...shown.scopes],
            expiresAt: timeText(shown.expiresAt),
          },
        }
      : {}),
    at: timeText(at),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  }
}

function coarse(reason: DecisionReason): string {
  return DECISION_REASONS[reason].class
}

/** Answers in order, a bounded number at a time. */
async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))))
  }
  return results
}

import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import type { Hold } from '../../records/holds.ts'
import type { Records } from '../../records/records.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams, Text, Time, TokenId } from '../schemas.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { parseTime, timeText } from '../times.ts'

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])
const MaybeText = Type.Union([Type.String(), Type.Null()])
const HOLDS_MAX = 500
const YEARS_MAX_MS = 20 * 366 * 86_400_000

export const HoldSchema = Type.Object({
  id: Type.String(),
  owner: Type.Union([Type.String(), Type.Null()], { description: 'id of the owner; null with no token: the whole tenant' }),
  token: MaybeText,
  from: MaybeInstant,
  to: MaybeInstant,
  ground: Type.String(),
  state: Type.Enum(['active', 'released', 'ended'] as const),
  setAt: Instant,
  setBy: Type.String(),
  endsAt: Instant,
  approval: Type.String(),
  releasedAt: MaybeInstant,
  releasedBy: MaybeText,
  releaseGround: MaybeText,
})

/** What must not go, whatever the rules of retention say. */
export function holdRoutes(app: App, parts: HttpParts): void {
  listing(app, parts)
  setting(app, parts)
  releasing(app, parts)
}

function listing(app: App, { records }: HttpParts): void {
  app.get(
    '/v1/holds',
    {
      config: { permission: 'holds:read', reading: true },
      schema: {
        tags: ['privacy'],
        summary: 'Holds, newest first',
        response: { 200: Type.Object({ items: Type.Array(HoldSchema) }) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      return { items: await holdResources(records, await records.read.holds({ tenantNo, limit: HOLDS_MAX })) }
    },
  )
}

function setting(app: App, parts: HttpParts): void {
  const { records, clock } = parts
  app.post(
    '/v1/holds',
    {
      config: { permission: 'holds:write' },
      schema: {
        tags: ['privacy'],
        summary: 'Hold what is about a tenant, an owner or a token, with a second person',
        description:
          'Until its end, or until two people release it, nothing in its scope is erased or purged and no key that it needs is destroyed. Events are copied before their time is over.',
        body: closed({
          owner: Type.Optional(Text),
          token: Type.Optional(TokenId),
          from: Type.Optional(Time),
          to: Type.Optional(Time),
          endsAt: Time,
          ...SecondPersonFields,
          ground: Type.String({ minLength: 1, maxLength: 500, description: 'why; for people, never a secret' }),
        }),
        response: { 200: HoldSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { ground } = request.body
      const scope = await scopeOf(records, tenantNo, request.body)
      const endsAt = endOf(request.body.endsAt, clock.now())
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'hold.set',
        params: { ...scope, endsAt, ground },
        body: request.body,
        run: (approval, params) =>
          records.act('setHold', { tenantNo, scope, endsAt, ground, approval, params, at: clock.now(), actor }),
      })
      return 'asked' in answer ? answer.asked : ((await holdResources(records, [answer.done]))[0] ?? nothing())
    },
  )
}

function releasing(app: App, parts: HttpParts): void {
  const { records, clock } = parts
  app.post(
    '/v1/holds/:id/release',
    {
      config: { permission: 'holds:write' },
      schema: {
        tags: ['privacy'],
        summary: 'Release a hold, with a second person',
        description: 'What only it kept goes with the next run of retention.',
        params: IdParams,
        body: closed({
          ...SecondPersonFields,
          ground: Type.String({ minLength: 1, maxLength: 500, description: 'why; for people, never a secret' }),
        }),
        response: { 200: HoldSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { ground } = request.body
      const { id } = request.params
      if (!(await records.read.hold(tenantNo, id))) return nothing()
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'hold.release',
        params: { hold: id, ground },
        body: request.body,
        run: (approval, params) => records.act('releaseHold', { tenantNo, id, ground, approval, params, at: clock.now(), actor }),
      })
      return 'asked' in answer ? answer.asked : ((await holdResources(records, [answer.done]))[0] ?? nothing())
    },
  )
}

type Asked = {
  readonly owner?: string
  readonly token?: string
  readonly from?: string | number
  readonly to?: string | number
}

async function scopeOf(records: Records, tenantNo: number, { owner, token, from, to }: Asked) {
  if (owner !== undefined && token !== undefined)
    throw new TrailError('parameter_invalid', 'A hold is about an owner or about a token. Set two.', { input: 'token' })
  const [start, end] = [from, to].map((time) => (time === undefined ? null : parseTime(time, 'from')))
  if (start !== null && end !== null && start !== undefined && end !== undefined && start >= end)
    throw new TrailError('parameter_invalid', '`from` must be before `to`.', { input: 'from' })
  return {
    ownerNo: owner === undefined ? null : ((await records.read.owner(tenantNo, owner)) ?? strangers('owner')).no,
    tokenNo: token === undefined ? null : ((await records.read.token(tenantNo, token)) ?? strangers('token')).no,
    from: start ?? null,
    to: end ?? null,
  }
}

function endOf(given: string | number, now: number): number {
  const endsAt = parseTime(given, 'endsAt')
  if (endsAt > now && endsAt < now + YEARS_MAX_MS) return endsAt
  throw new TrailError(
    'parameter_invalid',
    'The end of a hold is in the future, and within 20 years. Set another when it comes.',
    {
      input: 'endsAt',
    },
  )
}

function strangers(input: string): never {
  throw new TrailError('not_found', `There is no such ${input} here.`, { input })
}

function nothing(): never {
  throw new TrailError('not_found', 'There is no hold of this id here. GET /v1/holds lists them.', { input: 'id' })
}

/** Holds as their resources, with ids in place of numbers. */
export async function holdResources(records: Records, holds: readonly Hold[]) {
  const ownerNos = holds.flatMap(({ ownerNo, setBy, releasedBy }) => [ownerNo ?? 0, setBy, releasedBy ?? 0])
  const owners = new Map(
    (await records.read.ownersByNo([...new Set(ownerNos)].filter((no) => no !== 0))).map(({ no, id }) => [no, id]),
  )
  const tokenNos = holds.flatMap(({ tokenNo }) => (tokenNo === null ? [] : [tokenNo]))
  const tokens = new Map((await records.read.tokensByNo([...new Set(tokenNos)])).map(({ no, id }) => [no, id]))
  const nameOf = (no: number): string => owners.get(no) ?? `#${no}`
  return holds.map((hold) => ({
    id: hold.id,
    owner: hold.ownerNo === null ? null : nameOf(hold.ownerNo),
    token: hold.tokenNo === null ? null : (tokens.get(hold.tokenNo) ?? `#${hold.tokenNo}`),
    from: timeText(hold.from),
    to: timeText(hold.to),
    ground: hold.ground,
    state: hold.releasedAt === null ? ('active' as const) : hold.releasedBy === 0 ? ('ended' as const) : ('released' as const),
    setAt: timeText(hold.setAt),
    setBy: nameOf(hold.setBy),
    endsAt: timeText(hold.endsAt),
    approval: hold.approval,
    releasedAt: timeText(hold.releasedAt),
    releasedBy: hold.releasedBy === null || hold.releasedBy === 0 ? null : nameOf(hold.releasedBy),
    releaseGround: hold.releaseGround,
  }))
}

import { Type } from 'typebox'
import type { UsesSince } from '../../detect/leaks/uses-since.ts'
import { TrailError } from '../../errors.ts'
import { tokensOf } from '../../query/token-ref.ts'
import { LEAK_STATES, REPORTERS, type LeakRecord } from '../../records/responses.ts'
import { createAllowances } from '../../tokens/allowance.ts'
import { type App, principalOf } from '../app.ts'
import { PageQuery, pageOf } from '../finding-schemas.ts'
import type { HttpParts } from '../parts.ts'
import { cursorOf, placeOfCursor } from '../place-cursor.ts'
import { closed, IdParams, Text, Time, TokenText } from '../schemas.ts'
import { parseTime, timeText } from '../times.ts'

const LIMIT = 50
/** Reports of one principal. */
const RATE = { count: 60, windowMs: 60_000 }
const PRINCIPALS_MAX = 10_000
const Instant = Type.String({ format: 'date-time' })
const Loose = Type.Object({}, { additionalProperties: true })
const Note = Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'for people; never a secret' }))
const LeakUrl = Type.String({ minLength: 1, maxLength: 2000, pattern: '^[\\x21-\\x7e]+$', description: 'where it was found' })

const LeakSchema = Type.Object({
  id: Type.String(),
  state: Type.Enum([...LEAK_STATES]),
  token: Type.Union([Type.String(), Type.Null()], { description: 'public id, where it is one of ours' }),
  sha256: Type.Union([Type.String(), Type.Null()]),
  url: Type.Union([Type.String(), Type.Null()]),
  reporter: Type.Enum([...REPORTERS]),
  partner: Type.Union([Type.String(), Type.Null()]),
  proven: Type.Boolean({ description: 'the text itself was shown' }),
  reports: Type.Integer(),
  exposedAt: Instant,
  reportedAt: Instant,
  changedAt: Instant,
  note: Type.Union([Type.String(), Type.Null()]),
})

/** Leaked tokens: report them, see what came since, judge the report. */
export function leakRoutes(app: App, parts: HttpParts): void {
  reporting(app, parts)
  reading(app, parts)
  judging(app, parts)
}

function reporting(app: App, { leaks, clock }: HttpParts): void {
  const allowances = createAllowances<number>(PRINCIPALS_MAX)
  app.post(
    '/v1/leaks',
    {
      config: { permission: 'leaks:write' },
      schema: {
        tags: ['leaks'],
        summary: 'Report a leaked token',
        description:
          'By its text, which is digested at once and forgotten, by the SHA-256 of a text that was imported by its hash, or by its public id. The answer and the time it takes do not tell whether it is known. `since` is when it became public.',
        body: closed({
          token: Type.Optional(TokenText),
          hash: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'SHA-256 of the text, in hex' })),
          id: Type.Optional(Text),
          url: Type.Optional(LeakUrl),
          since: Type.Optional(Time),
          note: Note,
        }),
        response: { 202: Type.Object({ id: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor, ownerNo } = principalOf(request)
      const waitMs = allowances.take(ownerNo, RATE, clock.ticks())
      if (waitMs > 0)
        throw new TrailError('rate_limited', 'Too many reports at once. Wait, then go on.', {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        })
      const { url = null, since, note = null } = request.body
      const exposedAt = since === undefined ? null : parseTime(since, '/since')
      const report = { what: whatOf(request.body), url, exposedAt, reporter: 'person', partner: null, note } as const
      const { id } = await leaks.report(tenantNo, report, actor)
      return reply.code(202).send({ id })
    },
  )
}

function reading(app: App, parts: HttpParts): void {
  const { records, leaks } = parts
  app.get(
    '/v1/leaks',
    {
      config: { permission: 'leaks:read', reading: true },
      schema: {
        tags: ['leaks'],
        summary: 'Reported leaks, newest first',
        querystring: closed({ ...PageQuery, state: Type.Optional(Type.Enum([...LEAK_STATES])) }),
        response: { 200: pageOf(LeakSchema) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const { cursor, limit = LIMIT, state } = request.query
      const before = cursor === undefined ? {} : { before: placeOfCursor(cursor, 'lk') }
      const found = await records.read.leaks(
        { tenantNo, ...(state === undefined ? {} : { state }) },
        { limit: limit + 1, ...before },
      )
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return {
        items: await resourcesOf(parts, tenantNo, page),
        ...(last ? { next: cursorOf({ at: last.reportedAt, id: last.id }) } : {}),
      }
    },
  )

  app.get(
    '/v1/leaks/:id',
    {
      config: { permission: 'leaks:read', reading: true },
      schema: {
        tags: ['leaks'],
        summary: 'One leak, with every use since the exposure',
        description: 'By network, and whether the token was known there before. `uses` is null where no token of ours is known.',
        params: IdParams,
        response: { 200: Type.Intersect([LeakSchema, Type.Object({ uses: Type.Union([Loose, Type.Null()]) })]) },
      },
    },
    async (request) => {
      const leak = await records.read.leak(principalOf(request).tenantNo, request.params.id)
      if (!leak) throw new TrailError('not_found', 'There is no leak of this id here.', { input: 'id' })
      const uses = await leaks.uses(leak)
      return { ...(await resourceOf(parts, leak)), uses: uses && usesResource(uses) }
    },
  )
}

function judging(app: App, parts: HttpParts): void {
  app.post(
    '/v1/leaks/:id/judge',
    {
      config: { permission: 'leaks:write' },
      schema: {
        tags: ['leaks'],
        summary: 'Confirm a leak or dismiss it',
        params: IdParams,
        body: closed({ state: Type.Enum(['confirmed', 'dismissed']), note: Note }),
        response: { 200: LeakSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { state, note = null } = request.body
      return resourceOf(parts, await parts.leaks.judge(tenantNo, request.params.id, state, note, actor))
    },
  )
}

function whatOf({ token, hash, id }: { readonly token?: string; readonly hash?: string; readonly id?: string }) {
  const given = [token, hash, id].filter((each) => each !== undefined)
  if (given.length !== 1) throw new TrailError('body_invalid', 'Name the token by exactly one of token, hash and id.')
  if (token !== undefined) return { text: token }
  return hash === undefined ? { id: id ?? '' } : { sha256: hash.toLowerCase() }
}

function usesResource({ from, to, watermark, networks, ...rest }: UsesSince) {
  return {
    ...rest,
    from: timeText(from),
    to: timeText(to),
    watermark: timeText(watermark),
    networks: networks.map(({ firstAt, lastAt, ...row }) => ({ ...row, firstAt: timeText(firstAt), lastAt: timeText(lastAt) })),
  }
}

async function resourceOf(parts: HttpParts, leak: LeakRecord) {
  const [resource] = await resourcesOf(parts, leak.tenantNo, [leak])
  if (!resource) throw new TypeError('a leak has a resource')
  return resource
}

async function resourcesOf({ records }: HttpParts, tenantNo: number, some: readonly LeakRecord[]) {
  const tokens = await tokensOf(
    records.read,
    tenantNo,
    some.map(({ tokenNo }) => tokenNo ?? 0),
  )
  return some.map(({ id, state, tokenNo, sha256, url, reporter, partner, proven, reports, note, ...times }) => ({
    id,
    state,
    token: tokenNo === null ? null : (tokens.get(tokenNo)?.id ?? `purged-${tokenNo}`),
    sha256,
    url,
    reporter,
    partner,
    proven,
    reports,
    exposedAt: timeText(times.exposedAt),
    reportedAt: timeText(times.reportedAt),
    changedAt: timeText(times.changedAt),
    note,
  }))
}

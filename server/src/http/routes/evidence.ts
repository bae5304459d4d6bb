import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Permission } from '../../access/permissions.ts'
import type { Principal } from '../../access/principal.ts'
import { TrailError } from '../../errors.ts'
import type { PackRecord } from '../../records/evidence.ts'
import { FRAMEWORKS, STATUSES } from '../../report/controls.ts'
import { EVIDENCE, EVIDENCE_NAMES } from '../../report/evidence/questions.ts'
import { PACKS } from '../../report/packs.ts'
import type { PackWish } from '../../report/pack-wish.ts'
import { type App, callerOf, principalOf } from '../app.ts'
import {
  EvidenceParams,
  EvidenceQuery,
  PackBody,
  packResource,
  PackSchema,
  ReviewKindName,
  reviewResource,
  ReviewSchema,
} from '../evidence-schemas.ts'
import { PageQuery, pageOf } from '../finding-schemas.ts'
import type { HttpParts } from '../parts.ts'
import { cursorOf, placeOfCursor } from '../place-cursor.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { closed, IdParams, Text } from '../schemas.ts'
import { parseTime, parseWindow } from '../times.ts'

const MONTH_MS = 30 * 86_400_000
const LIMIT = 50
const Loose = Type.Object({}, { additionalProperties: true })

/** What auditors ask, the packs that answer, and the reviews under them. */
export function evidenceRoutes(app: App, parts: HttpParts): void {
  catalogue(app, parts)
  questions(app, parts)
  packs(app, parts)
  reviews(app, parts)
}

function catalogue(app: App, { evidence }: HttpParts): void {
  app.get(
    '/v1/evidence',
    {
      config: { permission: 'evidence:read', reading: true },
      schema: {
        tags: ['evidence'],
        summary: 'Every evidence question, pack and control',
        description: 'Controls say what is evidence, what is partial and what cannot be shown; never a verdict.',
        response: { 200: Loose },
      },
    },
    () => ({
      questions: EVIDENCE_NAMES.map((name) => {
        const { id, answers, from, params, method, cannotShow, figures } = EVIDENCE[name]
        return {
          id,
          name,
          answers,
          from,
          params: { ...params },
          method,
          cannotShow,
          figures: figures.map(({ says, ...each }) => ({ name: each.name, says })),
        }
      }),
      packs: Object.entries(PACKS).map(([name, { title, says, days, questions: asked, params = [] }]) => ({
        name,
        title,
        says,
        days,
        questions: asked,
        params,
      })),
      statuses: STATUSES,
      frameworks: Object.entries(FRAMEWORKS).map(([name, { title, controls }]) => ({ name, title, controls })),
      reportKey: evidence.key.vkey,
    }),
  )

  app.get(
    '/.well-known/tokentrail/keys',
    {
      config: { permission: 'public' },
      schema: { tags: ['evidence'], summary: 'Public keys by which reports are verified (RFC 7517)', response: { 200: Loose } },
    },
    () => ({ ...evidence.key.jwks() }),
  )
}

function questions(app: App, parts: HttpParts): void {
  const { evidence, clock, access } = parts
  app.get(
    '/v1/evidence/questions/:name',
    {
      config: { permission: 'evidence:read', reading: true },
      schema: {
        tags: ['evidence'],
        summary: 'One evidence question: its figures, and its first rows',
        description: 'Without `from` and `to` the last 30 days. Figures are counted over all rows; a pack holds all of them.',
        params: EvidenceParams,
        querystring: EvidenceQuery,
        response: { 200: Loose },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { from, to, level = 'pseudonymous', limit = LIMIT, ...params } = request.query
      const window = parseWindow({ ...(from && { from }), ...(to && { to }) }, clock.now() + 1, MONTH_MS)
      requirePeriod(parts, principal, window)
      if (level === 'identified' && access.decide(principal, 'identities:read').reach !== 'yes')
        throw new TrailError(
          'not_permitted',
          'Names of people are for roles with identities:read. Others ask for a pack of this level.',
          { input: 'level' },
        )
      const answer = await evidence.ask(
        principal.tenantNo,
        request.params.name,
        { ...window, ...params },
        { level, signal: request.signal },
      )
      const rows: object[] = []
      for await (const row of answer.rows) if (level !== 'aggregate' && rows.length < limit) rows.push(row)
      await access.budget.charge(principal, answer.cost())
      const { completeness } = answer.head
      return {
        ...answer.head,
        completeness: { ...completeness, lost: { ...completeness.lost } },
        count: answer.count(),
        figures: answer.figures().map((figure) => ({ ...figure })),
        rows,
      }
    },
  )
}

function packs(app: App, parts: HttpParts): void {
  const { evidence, records, access } = parts
  const resource = (pack: PackRecord) => packResource(pack, evidence.progress(pack.id))

  app.post(
    '/v1/evidence/packs',
    {
      config: { permission: 'packs:create' },
      schema: {
        tags: ['evidence'],
        summary: 'Make an evidence pack',
        description:
          'Answers at once with its ticket; the list says when it is ready. With names of people only together with a second person.',
        body: closed({ ...PackBody, ...SecondPersonFields }),
        response: { 202: Type.Union([PackSchema, ApprovalAnswer]) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      await access.budget.takePack(principal)
      const { tenantNo, actor } = principal
      const wish = evidence.plan(wishOf(request.body))
      requirePeriod(parts, principal, wish, 'packs:create')
      const asked: PackWish = { ...wish, params: JSON.parse(wish.params) as NonNullable<PackWish['params']> }
      void reply.code(202)
      if (wish.level !== 'identified') return resource(await evidence.request(tenantNo, asked, null, actor))
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'export.identified',
        params: exactly(request.body),
        body: request.body,
        run: (id, params) => evidence.request(tenantNo, asked, { id, params, ground: request.body.ground ?? '' }, actor),
      })
      return 'asked' in answer ? answer.asked : resource(answer.done)
    },
  )

  app.get(
    '/v1/evidence/packs',
    {
      config: { permission: 'packs:read', reading: true },
      schema: {
        tags: ['evidence'],
        summary: 'Packs that were asked for, newest first',
        querystring: closed(PageQuery),
        response: { 200: pageOf(PackSchema) },
      },
    },
    async (request) => {
      const { cursor, limit = LIMIT } = request.query
      const page = { limit: limit + 1, ...(cursor === undefined ? {} : { before: placeOfCursor(cursor, 'pck') }) }
      const found = await records.read.packs(principalOf(request).tenantNo, page)
      const last = found.length > limit ? found[limit - 1] : undefined
      return {
        items: found
          .slice(0, limit)
          .filter((pack) => isInPeriod(parts, principalOf(request), pack))
          .map(resource),
        ...(last ? { next: cursorOf({ at: last.requestedAt, id: last.id }) } : {}),
      }
    },
  )

  app.get(
    '/v1/evidence/packs/:id/status',
    {
      config: { permission: 'packs:read', reading: true },
      schema: { tags: ['evidence'], summary: 'How far a pack is', params: IdParams, response: { 200: PackSchema } },
    },
    async (request) => resource(await findPack(parts, principalOf(request), request.params.id)),
  )

  app.get(
    '/v1/evidence/packs/:id',
    {
      config: { permission: 'packs:read', reading: true },
      schema: {
        tags: ['evidence'],
        summary: 'The zip of a pack',
        description: 'While it is made: 202 with its ticket. Each download is recorded.',
        params: IdParams,
        produces: ['application/zip'],
        response: { 200: Type.Any(), 202: PackSchema },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const pack = await findPack(parts, principal, request.params.id)
      if (pack.level !== 'aggregate' && !access.permits(principal, 'evidence:read'))
        throw new TrailError('not_permitted', 'This pack holds rows: your role may read packs of figures alone.')
      refuseNames(parts, principal, pack)
      if (pack.state === 'making') return reply.code(202).send(resource(pack))
      const zip = await evidence.open(pack)
      access.noteView(principal, 'report.viewed', { report: pack.name, pack: pack.id, digest: pack.digest }, callerOf(request))
      return reply.type('application/zip').header('content-disposition', `attachment; filename="${pack.id}.zip"`).send(zip)
    },
  )
}

function reviews(app: App, { records, clock }: HttpParts): void {
  app.post(
    '/v1/reviews',
    {
      config: { permission: 'reviews:sign' },
      schema: {
        tags: ['evidence'],
        summary: 'Sign a review: that you read a pack, and what stays open',
        description: 'By somebody who did not make the pack, unless separation of duties is waived, which is recorded.',
        body: closed({
          kind: ReviewKindName,
          pack: Text,
          open: Type.Integer({ minimum: 0, maximum: 100_000, description: 'points that stay open' }),
          note: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: 'for people; never a secret' })),
        }),
        response: { 201: ReviewSchema },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const { kind, pack: packId, open, note = null } = request.body
      const id = `rev_${randomBytes(12).toString('hex')}`
      const review = await records.act('signReview', { tenantNo, id, kind, packId, open, note, at: clock.now(), actor })
      return reply.code(201).send(reviewResource(review))
    },
  )

  app.get(
    '/v1/reviews',
    {
      config: { permission: 'packs:read', reading: true },
      schema: {
        tags: ['evidence'],
        summary: 'Reviews that were signed, newest first',
        querystring: closed({ ...PageQuery, kind: Type.Optional(ReviewKindName) }),
        response: { 200: pageOf(ReviewSchema) },
      },
    },
    async (request) => {
      const { cursor, limit = LIMIT, kind } = request.query
      const page = { limit: limit + 1, ...(cursor === undefined ? {} : { before: placeOfCursor(cursor, 'rev') }) }
      const filter = { tenantNo: principalOf(request).tenantNo, ...(kind ? { kind } : {}) }
      const found = await records.read.reviews(filter, page)
      const last = found.length > limit ? found[limit - 1] : undefined
      return {
        items: found.slice(0, limit).map(reviewResource),
        ...(last ? { next: cursorOf({ at: last.signedAt, id: last.id }) } : {}),
      }
    },
  )
}

type Body = Type.Static<ReturnType<typeof closed<typeof PackBody & typeof SecondPersonFields>>>

function wishOf({ pack, from, to, level, recipient, expiresAt, params }: Body): PackWish {
  return {
    name: pack,
    recipient,
    ...(from === undefined ? {} : { from: parseTime(from, 'from') }),
    ...(to === undefined ? {} : { to: parseTime(to, 'to') }),
    ...(expiresAt === undefined ? {} : { expiresAt: parseTime(expiresAt, 'expiresAt') }),
    ...(level ? { level } : {}),
    ...(params ? { params } : {}),
  }
}

/** What a second person agrees to is what was asked, so that asking again with the approval is the same. */
function exactly({ approval: _approval, ground: _ground, ...asked }: Body): Readonly<Record<string, unknown>> {
  return asked
}

async function findPack(parts: HttpParts, principal: Principal, id: string): Promise<PackRecord> {
  const pack = await parts.records.read.pack(principal.tenantNo, id)
  if (pack === null || !isInPeriod(parts, principal, pack))
    throw new TrailError('not_found', 'There is no such pack here. GET /v1/evidence/packs lists them.', { input: 'id' })
  return pack
}

/** A pack with names of people is for who asked for it, and for roles that may know them. */
function refuseNames({ access }: HttpParts, principal: Principal, { level, requesterNo }: PackRecord): void {
  if (level !== 'identified' || requesterNo === principal.actor.no) return
  if (access.decide(principal, 'identities:read').reach === 'yes') return
  throw new TrailError('not_permitted', 'This pack holds names of people: it is for who asked for it. Ask for one of your own.')
}

/** An auditor with a period reads of that period alone. */
function isInPeriod(
  { access }: HttpParts,
  principal: Principal,
  { from, to }: { readonly from: number; readonly to: number },
  permission: Permission = 'evidence:read',
): boolean {
  const { period } = access.decide(principal, permission)
  return period === null || (from >= period.from && to <= period.to)
}

/** By each right by itself: two roles may cover different periods. */
function requirePeriod(
  parts: HttpParts,
  principal: Principal,
  window: { readonly from: number; readonly to: number },
  permission: Permission = 'evidence:read',
): void {
  if (![permission, 'evidence:read' as const].every((each) => isInPeriod(parts, principal, window, each)))
    throw new TrailError('not_permitted', 'Your role covers a period, and this asks beyond it. Ask for a window inside it.', {
      input: 'from',
    })
}

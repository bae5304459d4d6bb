import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { tokensOf } from '../../query/token-ref.ts'
import type { ResponseRecord } from '../../records/responses.ts'
import { type App, principalOf } from '../app.ts'
import { PageQuery, pageOf } from '../finding-schemas.ts'
import type { HttpParts } from '../parts.ts'
import { cursorOf, placeOfCursor } from '../place-cursor.ts'
import { PlaybookBody, ResponseBody, responseResource, ResponseSchema, ResponseStateName } from '../response-schemas.ts'
import { closed, IdParams, Text } from '../schemas.ts'
import { parseTime } from '../times.ts'

const LIMIT = 50
const Loose = Type.Object({}, { additionalProperties: true })
const Note = Type.Optional(Type.String({ maxLength: 500, description: 'for people; never a secret' }))

/** What is done about findings: proposed, agreed to, done, undone; and what may happen by itself. */
export function responseRoutes(app: App, parts: HttpParts): void {
  reading(app, parts)
  proposing(app, parts)
  deciding(app, parts)
  playbook(app, parts)
}

function reading(app: App, parts: HttpParts): void {
  const { records } = parts
  app.get(
    '/v1/responses',
    {
      config: { permission: 'responses:read', reading: true },
      schema: {
        tags: ['responses'],
        summary: 'Responses, newest first',
        querystring: closed({ ...PageQuery, state: Type.Optional(ResponseStateName), finding: Type.Optional(Text) }),
        response: { 200: pageOf(ResponseSchema) },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const { cursor, limit = LIMIT, state, finding } = request.query
      const filter = {
        tenantNo,
        ...(state === undefined ? {} : { state }),
        ...(finding === undefined ? {} : { findingId: finding }),
      }
      const before = cursor === undefined ? {} : { before: placeOfCursor(cursor, 'rsp') }
      const found = await records.read.responses(filter, { limit: limit + 1, ...before })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return {
        items: await resourcesOf(parts, tenantNo, page),
        ...(last ? { next: cursorOf({ at: last.createdAt, id: last.id }) } : {}),
      }
    },
  )

  app.get(
    '/v1/responses/:id',
    {
      config: { permission: 'responses:read', reading: true },
      schema: { tags: ['responses'], summary: 'One response', params: IdParams, response: { 200: ResponseSchema } },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const response = await records.read.response(tenantNo, request.params.id)
      if (!response) throw new TrailError('not_found', 'There is no response of this id here.', { input: 'id' })
      return resourceOf(parts, response)
    },
  )
}

function proposing(app: App, parts: HttpParts): void {
  app.post(
    '/v1/responses',
    {
      config: { permission: 'responses:write' },
      schema: {
        tags: ['responses'],
        summary: 'Propose what to do about a finding',
        description:
          'Done at once where nobody else must agree and the step is no dry run; else it waits. Carries what would stop. A throttle ends after at most 24 hours, a suspension after at most 72; a revocation is final.',
        body: ResponseBody,
        response: { 201: ResponseSchema },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { finding, until, ...rest } = request.body
      const wish = { ...rest, findingId: finding, ...(until === undefined ? {} : { until: parseTime(until, '/until') }) }
      const who = { actor: principal.actor, mayApprove: parts.access.permits(principal, 'responses:approve') }
      return reply.code(201).send(await resourceOf(parts, await parts.responder.propose(principal.tenantNo, wish, who)))
    },
  )
}

function deciding(app: App, parts: HttpParts): void {
  const { responder } = parts
  app.post(
    '/v1/responses/:id/approve',
    {
      config: { permission: 'responses:approve' },
      schema: {
        tags: ['responses'],
        summary: 'Agree to a response',
        description: 'Whoever proposed it is refused. The last approval that is needed applies it.',
        params: IdParams,
        body: closed({}),
        response: { 200: ResponseSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return resourceOf(parts, await responder.approve(tenantNo, request.params.id, actor))
    },
  )

  app.post(
    '/v1/responses/:id/decline',
    {
      config: { permission: 'responses:approve' },
      schema: {
        tags: ['responses'],
        summary: 'Decline a response that is not applied',
        params: IdParams,
        body: closed({ note: Note }),
        response: { 200: ResponseSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return resourceOf(parts, await responder.decline(tenantNo, request.params.id, request.body.note ?? null, actor))
    },
  )

  app.post(
    '/v1/responses/:id/undo',
    {
      config: { permission: 'responses:approve' },
      schema: {
        tags: ['responses'],
        summary: 'Put back what stood before a throttle or a suspension',
        description: 'What people changed since stays. A revocation is final: issue a successor.',
        params: IdParams,
        body: closed({}),
        response: { 200: ResponseSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return resourceOf(parts, await responder.undo(tenantNo, request.params.id, actor))
    },
  )
}

function playbook(app: App, { responses }: HttpParts): void {
  app.get(
    '/v1/playbook',
    {
      config: { permission: 'playbook:read', reading: true },
      schema: { tags: ['responses'], summary: 'What may happen by itself, and who is told', response: { 200: Loose } },
    },
    async (request) => ({ ...(await responses.settings(principalOf(request).tenantNo)) }),
  )

  app.post(
    '/v1/playbook/rehearse',
    {
      config: { permission: 'playbook:read', reading: true },
      schema: {
        tags: ['responses'],
        summary: 'What a playbook would have done in the last 28 days',
        body: PlaybookBody,
        response: { 200: Loose },
      },
    },
    async (request) => ({ ...(await responses.rehearse(principalOf(request).tenantNo, request.body)) }),
  )

  app.patch(
    '/v1/playbook',
    {
      config: { permission: 'playbook:write' },
      schema: {
        tags: ['responses'],
        summary: 'Change what may happen by itself',
        description:
          'A step that leaves its dry run is rehearsed over 28 days first; the result is kept with the name of who let it.',
        body: PlaybookBody,
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { tenantNo, actor, ownerId } = principalOf(request)
      return { ...(await responses.change(tenantNo, request.body, { actor, name: ownerId })) }
    },
  )

  app.put(
    '/v1/playbook/webhook',
    {
      config: { permission: 'playbook:write' },
      schema: {
        tags: ['responses'],
        summary: 'Set where to tell of incidents',
        description:
          'https on the public internet. Signed as Standard Webhooks say; the secret is given here once. `null` takes it away.',
        body: closed({ url: Type.Union([Type.String({ minLength: 1, maxLength: 1000 }), Type.Null()]) }),
        response: { 200: Type.Object({ secret: Type.Union([Type.String(), Type.Null()]) }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return responses.setWebhook(tenantNo, request.body.url, actor)
    },
  )

  app.put(
    '/v1/playbook/mail',
    {
      config: { permission: 'playbook:write' },
      schema: {
        tags: ['responses'],
        summary: 'Set who gets mail about incidents',
        description: 'An empty list ends it. The mail server itself is a setting of the process, never of the API.',
        body: closed({ to: Type.Array(Type.String({ format: 'email', maxLength: 254 }), { maxItems: 10, uniqueItems: true }) }),
        response: { 200: Loose },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      return { ...(await responses.setMail(tenantNo, request.body.to, actor)) }
    },
  )
}

async function resourceOf(parts: HttpParts, response: ResponseRecord) {
  const [resource] = await resourcesOf(parts, response.tenantNo, [response])
  if (!resource) throw new TypeError('a response has a resource')
  return resource
}

async function resourcesOf({ records, clock }: HttpParts, tenantNo: number, some: readonly ResponseRecord[]) {
  const tokens = await tokensOf(
    records.read,
    tenantNo,
    some.flatMap((response) => response.tokens),
  )
  return some.map((response) => responseResource(response, tokens, clock.now()))
}

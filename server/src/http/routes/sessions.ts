import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import { type App, callerOf, identityOf, principalOf } from '../app.ts'
import type { SessionCookie } from '../cookie.ts'
import type { HttpParts } from '../parts.ts'
import { closed, IdParams, Text } from '../schemas.ts'
import { timeText } from '../times.ts'

const Instant = Type.String({ format: 'date-time' })
const SessionListed = Type.Object({
  id: Type.String(),
  owner: Type.String(),
  token: Type.String({ description: 'public id of the token behind it' }),
  createdAt: Instant,
  expiresAt: Instant,
  provenAt: Type.Union([Instant, Type.Null()], { description: 'when the second factor was proven last' }),
  current: Type.Boolean(),
})
const Code = Type.String({ pattern: '^[0-9]{6}$', description: 'six digits of an authenticator app' })

/** Sessions as people see and end them, and the second factor. */
export function accountRoutes(app: App, parts: HttpParts, cookie: SessionCookie): void {
  listing(app, parts)
  secondFactor(app, parts, cookie)
}

function listing(app: App, { records, access, clock }: HttpParts): void {
  app.get(
    '/v1/sessions',
    {
      config: { permission: 'session:own', reading: true },
      schema: {
        tags: ['session'],
        summary: 'Open sessions: the own ones, or those of everybody',
        querystring: closed({ of: Type.Optional(Type.Enum(['everybody'])) }),
        response: { 200: Type.Object({ items: Type.Array(SessionListed) }) },
      },
    },
    async (request) => {
      const { principal, session } = identityOf(request)
      if (request.query.of) access.require(principal, 'people:write', callerOf(request))
      const at = clock.now()
      const found = await records.read.sessions(principal.tenantNo, request.query.of ? undefined : principal.ownerNo)
      const open = found.filter(({ expiresAt }) => expiresAt > at)
      const tokens = new Map(
        (await records.read.tokensByNo([...new Set(open.map(({ tokenNo }) => tokenNo))])).map((each) => [each.no, each]),
      )
      return {
        items: open.map(({ id, tokenNo, createdAt, expiresAt, provenAt }) => ({
          id,
          owner: tokens.get(tokenNo)?.ownerId ?? '',
          token: tokens.get(tokenNo)?.id ?? '',
          createdAt: timeText(createdAt),
          expiresAt: timeText(expiresAt),
          provenAt: timeText(provenAt),
          current: session?.id === id,
        })),
      }
    },
  )

  app.delete(
    '/v1/sessions/:id',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['session'],
        summary: 'End a session: an own one, or anybody’s for who may',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, ownerNo } = principal
      const whose = access.permits(principal, 'people:write') ? null : ownerNo
      const ended = await records.act('endListedSession', { tenantNo, id: request.params.id, ownerNo: whose })
      if (!ended) throw new TrailError('not_found', 'There is no such session here.', { input: 'id' })
      access.noteSignOut(principal, callerOf(request))
      await reply.code(204).send(null)
    },
  )
}

function secondFactor(app: App, { records, access }: HttpParts, cookie: SessionCookie): void {
  app.get(
    '/v1/second-factor',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['session'],
        summary: 'Whether there is a second factor, and when it was proven in this session',
        response: { 200: Type.Object({ active: Type.Boolean(), provenAt: Type.Union([Instant, Type.Null()]) }) },
      },
    },
    async (request) => {
      const { principal, session } = identityOf(request)
      return { active: await access.factors.isActive(principal.ownerNo), provenAt: timeText(session?.provenAt ?? null) }
    },
  )

  app.post(
    '/v1/second-factor',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['session'],
        summary: 'Set up a second factor',
        description: 'The secret is given here once. It counts from the first code: POST /v1/second-factor/prove.',
        body: closed({}),
        response: { 201: Type.Object({ secret: Type.String(), uri: Type.String({ description: 'for an authenticator app' }) }) },
      },
    },
    async (request, reply) => reply.code(201).send(await access.factors.start(principalOf(request))),
  )

  app.post(
    '/v1/second-factor/prove',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['session'],
        summary: 'Prove the second factor',
        description: 'A code is taken once; after five wrong ones nothing is taken for 15 minutes. The session gets a new id.',
        body: closed({ code: Code }),
        response: { 200: Type.Object({ csrf: Type.Optional(Type.String()), provenAt: Type.Optional(Instant) }) },
      },
    },
    async (request, reply) => {
      const session = await access.stepUp(identityOf(request), request.body.code, callerOf(request))
      if (!session) return {}
      cookie.write(request, reply, session.cookie, session.expiresAt)
      return { csrf: session.csrf, provenAt: timeText(session.provenAt ?? 0) }
    },
  )

  app.post(
    '/v1/second-factor/remove',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['session'],
        summary: 'Take away the own second factor, with one of its codes',
        body: closed({ code: Code }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      await access.factors.prove(principal, request.body.code)
      await access.factors.remove(principal, principal.ownerNo)
      await reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/people/second-factor/remove',
    {
      config: { permission: 'people:write' },
      schema: {
        tags: ['access'],
        summary: 'Take away a second factor that somebody lost',
        body: closed({ owner: Text }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const owner = await records.read.owner(principal.tenantNo, request.body.owner)
      if (!owner || !(await access.factors.remove(principal, owner.no)))
        throw new TrailError('not_found', 'There is no second factor of this owner here.', { input: '/owner' })
      await reply.code(204).send(null)
    },
  )
}

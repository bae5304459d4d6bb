import { Type } from 'typebox'
import type { Session } from '../../access/sessions.ts'
import { TrailError } from '../../errors.ts'
import { type App, callerOf, identityOf, principalOf } from '../app.ts'
import type { SessionCookie } from '../cookie.ts'
import type { OwnOrigin } from '../origin.ts'
import type { HttpParts } from '../parts.ts'
import { closed, RoleName, TokenId, TokenText } from '../schemas.ts'
import { timeText } from '../times.ts'

const SessionSchema = Type.Object({
  principal: Type.Object({
    role: RoleName,
    roles: Type.Array(RoleName),
    tenant: Type.String({ description: "the tenant's name" }),
    name: Type.Union([Type.String(), Type.Null()]),
    owner: Type.String(),
    token: Type.String({ description: 'public id of the token behind the session' }),
    permissions: Type.Array(Type.String()),
  }),
  csrf: Type.String({ description: 'a write by session sends it back as x-csrf-token' }),
  id: Type.String({ description: 'what the list of sessions calls it' }),
  expiresAt: Type.String({ format: 'date-time' }),
  idleSeconds: Type.Integer(),
  provenAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'when the second factor was proven last in this session',
  }),
  secondFactor: Type.Boolean({ description: 'there is one' }),
  separation: Type.Enum(['enforced', 'waived']),
})

const Factor = Type.Optional(Type.String({ pattern: '^[0-9]{6}$', description: 'a code of the second factor' }))
const LinkSchema = Type.Object({ path: Type.String(), code: Type.String(), expiresAt: Type.String({ format: 'date-time' }) })

/** Signing in, looking who is signed in, signing out, and one-time links for others. */
export function sessionRoutes(app: App, { access, records }: HttpParts, cookie: SessionCookie, origin: OwnOrigin): void {
  async function viewOf({
    principal,
    csrf,
    expiresAt,
    idleMs,
    id,
    provenAt,
  }: Omit<Session, 'cookie'>): Promise<Type.Static<typeof SessionSchema>> {
    const [tenant, token] = await Promise.all([
      records.read.tenant(principal.tenantNo),
      records.read.tokenByNo(principal.tokenNo),
    ])
    const { role, ownerId: owner, tokenId } = principal
    return {
      principal: {
        role,
        roles: [...new Set(principal.grants.map((grant) => grant.role))],
        tenant: tenant?.name ?? '',
        name: token?.name ?? null,
        owner,
        token: tokenId,
        permissions: [...access.permissionsOf(principal)],
      },
      csrf,
      id,
      expiresAt: timeText(expiresAt),
      idleSeconds: Math.round(idleMs / 1000),
      provenAt: timeText(provenAt),
      secondFactor: await access.factors.isActive(principal.ownerNo),
      separation: principal.waived ? 'waived' : 'enforced',
    }
  }

  app.post(
    '/v1/session',
    {
      config: { permission: 'public' },
      schema: {
        tags: ['session'],
        summary: 'Sign in with an access token, or with the code of a one-time link',
        description:
          'Sets the session cookie. Every cause of a refusal gets the same answer. Five failures make the next attempts wait.',
        body: Type.Union([closed({ token: TokenText, factor: Factor }), closed({ code: TokenText, factor: Factor })]),
        response: { 200: SessionSchema },
      },
    },
    async (request, reply) => {
      origin.refuseOthers(request)
      const { factor, ...by } = request.body
      const session = await access.signIn(by, callerOf(request), factor)
      cookie.write(request, reply, session.cookie, session.expiresAt)
      return viewOf(session)
    },
  )

  app.get(
    '/v1/session',
    {
      config: { permission: 'session:own' },
      schema: { tags: ['session'], summary: 'Who is signed in', response: { 200: SessionSchema } },
    },
    async (request) => {
      const { session } = identityOf(request)
      if (session) return viewOf(session)
      throw new TrailError(
        'not_authenticated',
        'There is no session: the request came with an access token. Sign in by POST /v1/session.',
      )
    },
  )

  app.delete(
    '/v1/session',
    {
      config: { permission: 'session:own' },
      schema: { tags: ['session'], summary: 'Sign out', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await access.signOut(identityOf(request), callerOf(request))
      cookie.clear(request, reply)
      await reply.header('clear-site-data', '"cache", "storage"').code(204).send(null)
    },
  )

  app.post(
    '/v1/sign-in-links',
    {
      config: { permission: 'sign-in-links:write' },
      schema: {
        tags: ['session'],
        summary: 'Make a one-time link that signs somebody in',
        description:
          'It works once, for 30 minutes. Without `token` it signs in as the caller, else as that token of the same tenant.',
        body: closed({ token: Type.Optional(TokenId) }),
        response: { 201: LinkSchema },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { token } = request.body
      const target = token === undefined ? null : await records.read.token(principal.tenantNo, token)
      if (!principal.waived && target && target.ownerNo !== principal.ownerNo)
        throw new TrailError('not_permitted', 'Where duties are kept apart nobody makes a link that signs in as somebody else.', {
          input: '/token',
        })
      const { path, code, expiresAt } = await access.signInLink(principal, token)
      return reply.code(201).send({ path, code, expiresAt: timeText(expiresAt) })
    },
  )
}

import { Type } from 'typebox'
import { OWN_SERVICE } from '../../access/caller.ts'
import { publicIdOf } from '../../access/bearer.ts'
import { TrailError } from '../../errors.ts'
import type { TokenRecord } from '../../records/records.ts'
import type { ValidationRequest, Verdict } from '../../tokens/door.ts'
import { type App, callerOf, principalOf } from '../app.ts'
import { parseForms } from '../bodies.ts'
import type { HttpParts } from '../parts.ts'
import { recorded } from '../recorded.ts'
import { TokenText } from '../schemas.ts'

/** RFC 7662 and 7009 let a client send fields that we do not know; they are ignored. */
const Form = Type.Object({ token: TokenText, token_type_hint: Type.Optional(Type.String({ maxLength: 200 })) })

const Introspection = Type.Object({
  active: Type.Boolean(),
  scope: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  token_type: Type.Optional(Type.String()),
  exp: Type.Optional(Type.Integer()),
  iat: Type.Optional(Type.Integer()),
  nbf: Type.Optional(Type.Integer()),
  sub: Type.Optional(Type.String()),
  iss: Type.Optional(Type.String()),
  jti: Type.Optional(Type.String()),
})

/** The standard forms of validation and revocation, for clients that speak OAuth already. */
export function oauthRoutes(app: App, parts: HttpParts): void {
  void app.register(async (child: App) => {
    parseForms(child)
    introspection(child, parts)
    revocation(child, parts)
  })
}

function introspection(app: App, { door, publicUrl }: HttpParts): void {
  app.post(
    '/oauth2/introspect',
    {
      config: { permission: 'tokens:introspect', basic: true },
      schema: {
        tags: ['validation'],
        summary: 'Token introspection, RFC 7662',
        description:
          'A form. Never consumes. Unknown, ended, foreign and refused tokens all answer `{"active":false}`. Callers may use Basic with public id and token.',
        consumes: ['application/x-www-form-urlencoded'],
        body: Form,
        response: { 200: Introspection },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const verdict = recorded(
        await door.validate({ tenantNo, token: request.body.token, kind: 'access', check: true, ...own(request) }),
      )
      refuseUndecided(verdict)
      return verdict.verdict === 'accepted' && verdict.token ? activeAnswer(verdict.token, publicUrl) : { active: false }
    },
  )
}

function activeAnswer(token: TokenRecord, issuer: string | undefined): Type.Static<typeof Introspection> {
  return {
    active: true,
    scope: token.scopes.join(' '),
    client_id: token.ownerId,
    sub: token.ownerId,
    token_type: 'Bearer',
    jti: token.id,
    ...(token.expiresAt === null ? {} : { exp: seconds(token.expiresAt) }),
    ...(token.issuedAtKnown ? { iat: seconds(token.issuedAt) } : {}),
    ...(token.notBefore === null ? {} : { nbf: seconds(token.notBefore) }),
    ...(issuer === undefined ? {} : { iss: issuer }),
  }
}

function revocation(app: App, { door, issuer, records }: HttpParts): void {
  app.post(
    '/oauth2/revoke',
    {
      config: { permission: 'tokens:surrender', basic: true },
      schema: {
        tags: ['validation'],
        summary: 'Token revocation, RFC 7009',
        description:
          'A form. Who holds the text may end the token, inside the tenant. Unknown, foreign and ended tokens also answer 200.',
        consumes: ['application/x-www-form-urlencoded'],
        body: Form,
        response: { 200: Type.Null() },
      },
    },
    async (request, reply) => {
      const { tenantNo, actor } = principalOf(request)
      const { token } = request.body
      const named = await records.read.token(tenantNo, publicIdOf(token))
      const verdict = recorded(await door.validate({ tenantNo, token, check: true, ...bindingOf(named), ...own(request) }))
      refuseUndecided(verdict)
      if (verdict.token?.tenantNo === tenantNo)
        await revokeOnce(() => issuer.revoke({ tenantNo, actor, id: verdict.token?.id ?? '', reason: 'manual' }))
      await reply.code(200).send(null)
    },
  )
}

/** A token that has ended meanwhile is what the caller wanted. */
async function revokeOnce(revoke: () => Promise<unknown>): Promise<void> {
  try {
    await revoke()
  } catch (error) {
    if (!(error instanceof TrailError) || (error.code !== 'token_ended' && error.code !== 'token_state')) throw error
  }
}

/** What proves an action or validation token without consuming it. */
function bindingOf(token: TokenRecord | null): Partial<ValidationRequest> {
  if (!token) return {}
  const { kind, action, resource } = token
  return { kind, ...(action === null ? {} : { action }), ...(resource === null ? {} : { resource }) }
}

function own(request: Parameters<typeof callerOf>[0]): Pick<ValidationRequest, 'service' | 'route' | 'method' | 'requestId'> {
  const { route, method, requestId } = callerOf(request)
  return { service: OWN_SERVICE, route, method, requestId }
}

/** `inactive` is a statement; where nobody could decide we say so instead. */
function refuseUndecided({ answer, retryAfterMs = 1000 }: Verdict): void {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  if (answer === 'unavailable')
    throw new TrailError('records_unavailable', 'The token cannot be checked at the moment. Try again.', { retryAfterSeconds })
  if (answer === 'throttled')
    throw new TrailError('rate_limited', 'The limits of the token or tenant are spent. Try again later.', { retryAfterSeconds })
}

function seconds(at: number): number {
  return Math.floor(at / 1000)
}

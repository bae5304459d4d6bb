import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Principal } from '../access/principal.ts'
import { TrailError } from '../errors.ts'
import type { RecordReads } from '../records/records.ts'
import { type App, callerOf } from './app.ts'
import { namedTokens } from './canary-veil.ts'

type Asked = Pick<FastifyRequest, 'identity' | 'routeOptions' | 'ip' | 'method' | 'id' | 'headers'>

/** Refuses, before a body is read, whoever reaches own tokens only, where the route does not say how it keeps them to these. */
export function refuseMoreThanOwn(access: Access, request: Asked): void {
  const { permission, own } = request.routeOptions.config
  if (!request.identity || permission === undefined || permission === 'public' || own !== undefined) return
  const { principal } = request.identity
  if (access.decide(principal, permission).reach !== 'own') return
  access.noteRefusal(principal, 'role_missing', callerOf(request))
  throw new TrailError('not_permitted', 'Your role reaches your own tokens, and this is about more than one of them.')
}

interface Parts {
  readonly access: Access
  readonly read: RecordReads
}

/**
 * Who reaches own tokens only passes where a route says how: `token` = it names tokens, which must be the own ones, `handler` = it
 * narrows by itself. Everywhere else the answer is no; a stranger's token is one that does not exist.
 */
export function keepToOwnTokens(app: App, { access, read }: Parts): void {
  app.addHook('preHandler', async (request) => {
    const { permission, own } = request.routeOptions.config
    if (!request.identity || permission === undefined || permission === 'public') return
    const { principal } = request.identity
    const { reach, ownerNo } = access.decide(principal, permission)
    if (reach !== 'own' || own === 'handler') return
    const ids = namedTokens(request)
    if (ids.length === 0) throw new TrailError('parameter_invalid', 'Name one of your own tokens.', { input: 'token' })
    for (const id of ids) {
      const token = await read.token(principal.tenantNo, id)
      if (token?.ownerNo !== ownerNo) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
    }
  })
}

/** What somebody wants to give a token. */
interface Wish {
  readonly owner: string | undefined
  readonly scopes: readonly string[] | undefined
}

/** Nobody widens what they hold themselves: an owner stays within the own scopes, a token admin gives nothing to the own owner. */
export async function refuseWidening({ access, read }: Parts, principal: Principal, { owner, scopes }: Wish): Promise<void> {
  const { tenantNo, ownerNo, ownerId } = principal
  const decision = access.decide(principal, 'tokens:write')
  if (decision.reach !== 'own') {
    if (owner !== ownerId || access.hasRole(principal, 'admin')) return
    throw new TrailError('not_permitted', 'A token admin gives nothing to themselves. Another one does.', { input: '/owner' })
  }
  const of = decision.ownerNo === ownerNo ? ownerId : (await read.ownersByNo([decision.ownerNo ?? 0]))[0]?.id
  if (owner !== of) throw new TrailError('not_permitted', 'Your role issues tokens for one owner only.', { input: '/owner' })
  const held = new Set(
    (await read.tokens({ tenantNo, ownerId: owner ?? '', state: 'active' }, { limit: 500 })).flatMap((token) => token.scopes),
  )
  const wider = scopes?.filter((scope) => !held.has(scope)) ?? []
  if (wider.length > 0)
    throw new TrailError('not_permitted', `No token of this owner has ${wider.join(', ')}: an owner cannot widen own scopes.`, {
      input: '/scopes',
    })
}

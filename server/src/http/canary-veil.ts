import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import { TrailError } from '../errors.ts'
import type { RecordReads } from '../records/records.ts'
import { type App, principalOf } from './app.ts'

type Reader = { readonly identity: FastifyRequest['identity'] }

/** Tokens that one request may name. */
const NAMED_MAX = 500

/** May the reader know which tokens are canaries? To others they do not exist. */
export function seesCanaries(access: Pick<Access, 'permits'>, request: Reader): boolean {
  return access.permits(principalOf(request), 'canaries:read')
}

/** Rows of events without those of canaries, for readers who may not know of them. */
export function withoutCanaries<Row>(rows: readonly Row[], maySee: boolean): Row[] {
  return maySee ? [...rows] : rows.filter((row) => !isOfCanary(row))
}

/** Is this the view of an event of a canary? */
export function isOfCanary(view: unknown): boolean {
  const { flags } = (view ?? {}) as { readonly flags?: unknown }
  return Array.isArray(flags) && flags.includes('canary')
}

/** Whoever names a canary and may not know of it gets the answer for a token that does not exist. */
export function veilCanaries(app: App, { access, read }: { readonly access: Access; readonly read: RecordReads }): void {
  app.addHook('preHandler', async (request) => {
    if (!request.identity || seesCanaries(access, request)) return
    const { tenantNo } = request.identity.principal
    for (const id of namedTokens(request)) {
      const token = await read.token(tenantNo, id)
      if (token?.canary) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
    }
  })
}

/** The tokens that a request names, in its path or its query. */
export function namedTokens({
  params,
  query,
  routeOptions,
}: Pick<FastifyRequest, 'params' | 'query' | 'routeOptions'>): readonly string[] {
  const { id } = params as { readonly id?: string }
  const { token, tokens } = (query ?? {}) as { readonly token?: string; readonly tokens?: string }
  const inPath = routeOptions.url?.startsWith('/v1/tokens/:id') ? [id] : []
  return [...inPath, token, ...(tokens?.split(',').slice(0, NAMED_MAX) ?? [])].filter((name) => name !== undefined)
}

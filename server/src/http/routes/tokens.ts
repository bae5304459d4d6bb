import { Type } from 'typebox'
import type { Identity } from '../../access/access.ts'
import { TrailError } from '../../errors.ts'
import type { Records, TokenFilter } from '../../records/records.ts'
import { type App, callerOf, identityOf, principalOf } from '../app.ts'
import { MANY_BYTES_MAX } from '../bodies.ts'
import { seesCanaries } from '../canary-veil.ts'
import { seesOwners, unveiledNo } from '../owner-veil.ts'
import { refuseWidening } from '../own-tokens.ts'
import type { HttpParts } from '../parts.ts'
import { closed, EndingReasonName, IdParams, Kind, RoleName, State, Text, Time, TokenSchema } from '../schemas.ts'
import { parseTime } from '../times.ts'
import { viewOfToken } from '../token-view.ts'

const Nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const Scopes = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100 })
const Labels = Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { maxItems: 64 })
const Metadata = Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 500 }), { maxProperties: 64 })
const RateLimit = closed({ count: Type.Integer({ minimum: 1 }), windowMs: Type.Integer({ minimum: 1000, maximum: 86_400_000 }) })
const Settings = {
  name: Type.Optional(Nullable(Text)),
  metadata: Type.Optional(Metadata),
  scopes: Type.Optional(Scopes),
  cidrs: Type.Optional(Labels),
  origins: Type.Optional(Labels),
  methods: Type.Optional(Labels),
  expiresAt: Type.Optional(Nullable(Time)),
  rateLimit: Type.Optional(Nullable(RateLimit)),
  canary: Type.Optional(Type.Boolean({ description: 'a honeytoken: whoever presents it has stolen it' })),
}

const IssueBody = closed({
  ...Settings,
  kind: Type.Optional(Kind),
  owner: Text,
  environment: Type.Optional(Text),
  notBefore: Type.Optional(Time),
  ttlSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
  place: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'where a canary is put, such as a wiki page' })),
  usesMax: Type.Optional(Type.Integer({ minimum: 1 })),
  action: Type.Optional(Text),
  resource: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  attemptsMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  channel: Type.Optional(Text),
  codeDigits: Type.Optional(
    Type.Integer({ minimum: 6, maximum: 8, description: 'a validation token that people type: so many digits' }),
  ),
  role: Type.Optional(RoleName),
})

/** A token as it is issued: with its text. */
export const Issued = Type.Intersect([
  TokenSchema,
  Type.Object({
    token: Type.String({ description: 'the text: given here once, kept nowhere' }),
    code: Type.Optional(Type.String({ description: 'the digits alone, of a short code' })),
  }),
])
const Note = Type.Optional(Type.String({ maxLength: 500, description: 'for people; never a secret' }))

/** The inventory of tokens: issue, find, change, rotate and end. */
export function tokenRoutes(app: App, parts: HttpParts): void {
  issuing(app, parts)
  importing(app, parts)
  reading(app, parts)
  changing(app, parts)
  ending(app, parts)
  sending(app, parts)
}

function issuing(app: App, { issuer, clock, access, records }: HttpParts): void {
  const widening = { access, read: records.read }

  app.post(
    '/v1/tokens',
    {
      config: { permission: 'tokens:write', own: 'handler' },
      schema: {
        tags: ['tokens'],
        summary: 'Issue a token',
        description:
          'With a `role` it also signs in here: that asks for the right to grant roles. Where separation of duties is enforced, heavy roles are given by POST /v1/people.',
        body: IssueBody,
        response: { 201: Issued },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { role, owner, scopes } = request.body
      if (role !== undefined) {
        access.require(principal, 'roles:grant', callerOf(request))
        await access.requireFactor(identityOf(request), 'roles:grant', codeIn(request.headers), callerOf(request))
      }
      await refuseWidening(widening, principal, { owner, scopes })
      const { record, ...texts } = await issuer.issue({ tenantNo, actor, input: withTimes(placed(request.body)) })
      return reply.code(201).send({ ...viewOfToken(record, clock.now()), ...texts })
    },
  )

  app.post(
    '/v1/tokens/:id/rotate',
    {
      config: { permission: 'tokens:write', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'Issue a successor',
        description: 'The predecessor works until its grace is over (default 0).',
        params: IdParams,
        body: closed({
          graceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 31_536_000 })),
          reason: Type.Optional(Type.Enum(['scheduled', 'by_hand', 'after_finding'])),
          expiresAt: Type.Optional(Nullable(Time)),
        }),
        response: { 201: Issued },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const known = await records.read.token(tenantNo, request.params.id)
      // Whoever gets the text of a token gets its roles.
      if (known && known.role !== null && known.ownerNo !== principal.ownerNo)
        access.require(principal, 'roles:grant', callerOf(request))
      const { record, token } = await issuer.rotate({ tenantNo, actor, id: request.params.id, ...withTimes(request.body) })
      return reply.code(201).send({ ...viewOfToken(record, clock.now()), token })
    },
  )
}

const IMPORT_MAX = 1000

function importing(app: App, { issuer, clock }: HttpParts): void {
  const Item = closed({
    ...Settings,
    id: Text,
    owner: Text,
    kind: Type.Optional(Kind),
    scheme: Type.Enum(['sha256:hex', 'sha256:base64', 'sha512-256']),
    hash: Type.String({ minLength: 1, maxLength: 200 }),
    issuedAt: Type.Optional(Time),
    notBefore: Type.Optional(Time),
    environment: Type.Optional(Text),
  })
  app.post(
    '/v1/tokens/import',
    {
      bodyLimit: MANY_BYTES_MAX,
      config: { permission: 'tokens:write' },
      schema: {
        tags: ['tokens'],
        summary: 'Take over tokens of another system by their hashes',
        description: 'They validate unchanged afterwards. Ids that exist are skipped and named.',
        body: closed({ tokens: Type.Array(Item, { minItems: 1, maxItems: IMPORT_MAX }) }),
        response: { 200: Type.Object({ imported: Type.Array(TokenSchema), existing: Type.Array(Type.String()) }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const tokens = request.body.tokens.map((token, i) => withTimes(token, `/tokens/${i}`))
      const { imported, existing } = await issuer.importHashes({ tenantNo, actor, tokens })
      return { imported: imported.map((record) => viewOfToken(record, clock.now())), existing: [...existing] }
    },
  )
}

function reading(app: App, { records, access, clock }: HttpParts): void {
  /** The owner behind a veiled name; somebody's real name, guessed, finds nothing. */
  async function unveiled(request: { readonly identity: Identity | null }, asked: string): Promise<string> {
    const [owner] = await records.read.ownersByNo([unveiledNo(asked) ?? 0])
    return owner?.tenantNo === principalOf(request).tenantNo ? owner.id : ''
  }

  /** Whose tokens are listed: those asked for; for who reaches one owner's only, that one's. */
  async function ownerAsked(
    request: { readonly identity: Identity | null },
    asked: string | undefined,
  ): Promise<string | undefined> {
    const { reach, ownerNo } = access.decide(principalOf(request), 'tokens:read')
    if (reach !== 'own') return asked === undefined || seesOwners(access, principalOf(request)) ? asked : unveiled(request, asked)
    const [owner] = await records.read.ownersByNo([ownerNo ?? 0])
    return owner?.id ?? ''
  }

  app.get(
    '/v1/tokens',
    {
      config: { permission: 'tokens:read', reading: true, own: 'handler' },
      schema: {
        tags: ['tokens'],
        summary: 'List tokens, newest first',
        querystring: closed({
          kind: Type.Optional(Kind),
          state: Type.Optional(State),
          owner: Type.Optional(Text),
          search: Type.Optional(Text),
          simulated: Type.Optional(Type.Boolean()),
          canary: Type.Optional(Type.Boolean({ description: 'only for roles that may see canaries' })),
          cursor: Type.Optional(Text),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
        }),
        response: { 200: Type.Object({ items: Type.Array(TokenSchema), next: Type.Optional(Type.String()) }) },
      },
    },
    async (request) => {
      const { owner, cursor, limit = 50, canary, ...rest } = request.query
      const shown = seesCanaries(access, request) ? canary : false
      const { tenantNo } = principalOf(request)
      const ownerId = await ownerAsked(request, owner)
      const filter: TokenFilter = {
        tenantNo,
        ...rest,
        ...(shown === undefined ? {} : { canary: shown }),
        ...(ownerId === undefined ? {} : { ownerId }),
        searchOwners: seesOwners(access, principalOf(request)),
      }
      const before = cursor === undefined ? {} : { before: await placeOf(records, filter.tenantNo, cursor) }
      const found = await records.read.tokens(filter, { limit: limit + 1, ...before })
      const items = found.slice(0, limit)
      const last = items.at(-1)
      const next = found.length > limit && last ? { next: last.id } : {}
      return { items: items.map((record) => viewOfToken(record, clock.now())), ...next }
    },
  )

  app.get(
    '/v1/tokens/:id',
    {
      config: { permission: 'tokens:read', reading: true, own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'One token',
        params: IdParams,
        response: { 200: Type.Intersect([TokenSchema, Type.Object({ family: Type.Array(Type.String()) })]) },
      },
    },
    async (request) => {
      const record = await records.read.token(principalOf(request).tenantNo, request.params.id)
      if (!record) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
      const family = await records.read.family(record.familyNo)
      return {
        ...viewOfToken(record, clock.now()),
        family: family.filter(({ tenantNo }) => tenantNo === record.tenantNo).map(({ id }) => id),
      }
    },
  )
}

function changing(app: App, { issuer, clock, access, records }: HttpParts): void {
  app.patch(
    '/v1/tokens/:id',
    {
      config: { permission: 'tokens:write', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'Change a token',
        params: IdParams,
        body: closed(Settings),
        response: { 200: TokenSchema },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const { scopes } = request.body
      if (scopes !== undefined) {
        const known = await records.read.token(tenantNo, request.params.id)
        if (known) await refuseWidening({ access, read: records.read }, principal, { owner: known.ownerId, scopes })
      }
      const { record } = await issuer.change({ tenantNo, actor, id: request.params.id, change: withTimes(request.body) })
      return viewOfToken(record, clock.now())
    },
  )
}

function ending(app: App, { issuer, clock }: HttpParts): void {
  app.post(
    '/v1/tokens/:id/revoke',
    {
      config: { permission: 'tokens:end', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'End a token at once',
        description: 'Nothing un-revokes. `family` also ends every living generation of its rotation.',
        params: IdParams,
        body: closed({ reason: Type.Optional(EndingReasonName), note: Note, family: Type.Optional(Type.Boolean()) }),
        response: { 200: TokenSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { record } = await issuer.revoke({ tenantNo, actor, id: request.params.id, ...request.body })
      return viewOfToken(record, clock.now())
    },
  )

  app.post(
    '/v1/tokens/:id/suspend',
    {
      config: { permission: 'tokens:end', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'Stop a token; it may be resumed',
        params: IdParams,
        body: closed({ until: Type.Optional(Time), note: Note }),
        response: { 200: TokenSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { until, ...rest } = request.body
      const end = until === undefined ? {} : { until: parseTime(until, '/until') }
      const { record } = await issuer.suspend({ tenantNo, actor, id: request.params.id, ...rest, ...end })
      return viewOfToken(record, clock.now())
    },
  )

  app.post(
    '/v1/tokens/:id/resume',
    {
      config: { permission: 'tokens:write', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'Let a suspended token work again',
        params: IdParams,
        body: closed({}),
        response: { 200: TokenSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { record } = await issuer.resume({ tenantNo, actor, id: request.params.id })
      return viewOfToken(record, clock.now())
    },
  )
}

function sending(app: App, { issuer, clock }: HttpParts): void {
  app.post(
    '/v1/tokens/:id/sent',
    {
      config: { permission: 'tokens:write', own: 'token' },
      schema: {
        tags: ['tokens'],
        summary: 'Note that a token was handed to a channel, or came back from it',
        params: IdParams,
        body: closed({
          delivered: Type.Optional(Type.Boolean({ description: 'false: it bounced' })),
          address: Type.Optional(
            Type.String({ minLength: 1, maxLength: 320, description: 'becomes a pseudonym and is not kept' }),
          ),
        }),
        response: { 200: TokenSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { record } = await issuer.send({ tenantNo, actor, id: request.params.id, ...request.body })
      return viewOfToken(record, clock.now())
    },
  )
}

/** A code of the second factor that came with a request. */
function codeIn(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const code = headers['x-tokentrail-code']
  return typeof code === 'string' ? code : undefined
}

/** The place of a canary stands in its metadata. */
function placed<
  Body extends { readonly place?: string; readonly canary?: boolean; readonly metadata?: Readonly<Record<string, string>> },
>({ place, ...body }: Body): Omit<Body, 'place'> {
  if (place === undefined) return body
  if (body.canary !== true)
    throw new TrailError('body_invalid', 'place: only a canary has a place; set canary too.', { input: '/place' })
  return { ...body, metadata: { ...body.metadata, place } }
}

type Timed = { readonly [Name in (typeof TIMES)[number]]?: string | number | null }
const TIMES = ['expiresAt', 'notBefore', 'issuedAt'] as const
type Read<Body> = { [Name in keyof Body]: Name extends keyof Timed ? Exclude<Body[Name], string> : Body[Name] }

/** The body with its times as milliseconds. */
function withTimes<Body extends object>(body: Body & Timed, at = ''): Read<Body> {
  const given = TIMES.flatMap((name) => {
    const value = body[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, parseTime(value, `${at}/${name}`)] as const] : []
  })
  return { ...body, ...Object.fromEntries(given) } as Read<Body>
}

/** The cursor is the last token of the page above: a number would tell how many tokens others have. */
async function placeOf({ read }: Records, tenantNo: number, cursor: string): Promise<number> {
  const token = await read.token(tenantNo, cursor)
  if (token) return token.no
  throw new TrailError('cursor_invalid', 'The cursor does not belong to this list. Begin without one.', { input: 'cursor' })
}

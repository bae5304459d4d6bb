import { Type } from 'typebox'
import type { Principal } from '../../access/principal.ts'
import { peopleOf } from '../../access/people.ts'
import { HEAVY_ROLES } from '../../records/role-rules.ts'
import { TrailError } from '../../errors.ts'
import { GRANT_SCOPES, type Grant } from '../../records/grants.ts'
import { type App, principalOf } from '../app.ts'
import { Issued } from './tokens.ts'
import { GrantSchema, PeopleSchema, grantResource, personResource } from '../people-schemas.ts'
import type { HttpParts } from '../parts.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'
import { closed, IdParams, RoleName, Text, Time, TokenId } from '../schemas.ts'
import { parseTime } from '../times.ts'
import { viewOfToken } from '../token-view.ts'

const Ground = Type.String({ minLength: 1, maxLength: 500, description: 'why; for people, never a secret' })

const GrantBody = closed({
  ...SecondPersonFields,
  token: TokenId,
  role: RoleName,
  scope: Type.Optional(Type.Enum([...GRANT_SCOPES])),
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'whose tokens, for the scope `owner`' })),
  until: Type.Optional(Time),
  period: Type.Optional(closed({ from: Time, to: Time })),
  breakGlass: Type.Optional(Type.Boolean({ description: 'in an emergency: at most 4 hours, and reviewed within 5 days' })),
})
type GrantBody = Type.Static<typeof GrantBody>

/** People, what they were granted, and how the duties are kept apart. */
export function peopleRoutes(app: App, parts: HttpParts): void {
  reading(app, parts)
  adding(app, parts)
  granting(app, parts)
  separating(app, parts)
}

function reading(app: App, parts: HttpParts): void {
  app.get(
    '/v1/people',
    {
      config: { permission: 'people:read', reading: true },
      schema: {
        tags: ['access'],
        summary: 'People and services with a role, what they hold, conflicts, and reviews that are due',
        response: { 200: PeopleSchema },
      },
    },
    async (request) => {
      const { tenantNo } = principalOf(request)
      const at = parts.clock.now()
      const people = await peopleOf(parts.records.read, tenantNo, at)
      return { separation: await parts.access.separation(), people: people.map((person) => personResource(person, at)) }
    },
  )
}

function adding(app: App, parts: HttpParts): void {
  const { issuer, clock } = parts
  app.post(
    '/v1/people',
    {
      config: { permission: 'roles:grant' },
      schema: {
        tags: ['access'],
        summary: 'Add a person or a service: issues a token with a role',
        description: 'Admin, auditor, privacy officer and log custodian need a second person: 202 carries what was asked for.',
        body: closed({
          ...SecondPersonFields,
          owner: Text,
          role: RoleName,
          name: Type.Optional(Text),
          expiresAt: Type.Optional(Time),
        }),
        response: { 201: Issued, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { approval: _approval, ground, ...wish } = request.body
      const issue = async (approval: string | null, params: string) => {
        const { expiresAt, ...rest } = wish
        const times = expiresAt === undefined ? {} : { expiresAt: parseTime(expiresAt, '/expiresAt') }
        const input = {
          ...rest,
          ...times,
          kind: 'access',
          roleApproval: { id: approval, params, ...(ground === undefined ? {} : { ground }) },
        } as const
        const { record, token } = await issuer.issue({ tenantNo: principal.tenantNo, actor: principal.actor, input })
        return { ...viewOfToken(record, clock.now()), token }
      }
      if (!HEAVY_ROLES.has(wish.role)) return reply.code(201).send(await issue(null, '{}'))
      const params = { add: wish }
      const answer = await withSecondPerson(parts, reply, {
        principal,
        action: 'role.grant',
        params,
        body: request.body,
        run: issue,
      })
      return 'asked' in answer ? answer.asked : reply.code(201).send(answer.done)
    },
  )
}

function granting(app: App, parts: HttpParts): void {
  const { records, clock, access } = parts
  app.post(
    '/v1/roles/grant',
    {
      config: { permission: 'roles:grant' },
      schema: {
        tags: ['access'],
        summary: 'Give a role to a token',
        description:
          'For the tenant, or for the tokens of one owner; optionally until a time, and for an auditor with a period. Roles that conflict are refused. Admin, auditor, privacy officer and log custodian need a second person: 202 carries what was asked for.',
        body: GrantBody,
        response: { 200: GrantSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => grant(request.body, principalOf(request), reply),
  )

  app.post(
    '/v1/roles/break-glass',
    {
      config: { permission: 'session:own' },
      schema: {
        tags: ['access'],
        summary: 'Ask for a role in an emergency, for oneself',
        description: 'At most 4 hours, with a ground; a second person agrees, and somebody else looks at it within 5 days.',
        body: closed({ ...SecondPersonFields, role: RoleName, until: Time }),
        response: { 200: GrantSchema, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      // Who may do everything alone is an admin; nobody becomes one by breaking glass while nobody else has to agree.
      if (principal.waived && !access.hasRole(principal, 'admin'))
        throw new TrailError('not_permitted', 'While separation of duties is waived an admin gives roles: POST /v1/roles/grant.')
      return grant({ ...request.body, token: principal.tokenId, breakGlass: true }, principal, reply)
    },
  )

  app.post(
    '/v1/roles/remove',
    {
      config: { permission: 'roles:grant' },
      schema: {
        tags: ['access'],
        summary: 'Take a role away',
        description: 'At once on every node. The last admin and the last privacy officer stay.',
        body: closed({ grant: Text, ground: Ground }),
        response: { 200: GrantSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const { grant: id, ground } = request.body
      return resourceOf(await records.act('removeRole', { tenantNo, id, ground, at: clock.now(), actor }))
    },
  )

  app.post(
    '/v1/roles/:id/review',
    {
      config: { permission: 'people:read' },
      schema: {
        tags: ['access'],
        summary: 'Review a role that was given in an emergency',
        params: IdParams,
        body: closed({ note: Ground }),
        response: { 200: GrantSchema },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const review = { tenantNo, id: request.params.id, note: request.body.note, at: clock.now(), actor }
      return resourceOf(await records.act('reviewBreakGlass', review))
    },
  )

  async function grant(body: GrantBody, principal: Principal, reply: Parameters<typeof withSecondPerson>[1]) {
    const { approval: _approval, ground = '', ...wish } = body
    const { until, period, scope = wish.owner === undefined ? 'tenant' : 'owner', breakGlass = false } = wish
    const { tenantNo, actor } = principal
    if (scope === 'install' && tenantNo !== parts.installTenantNo)
      throw new TrailError('role_invalid', 'Only tokens of the first tenant have the installation as their scope.', {
        input: '/scope',
      })
    if (!(await records.read.token(tenantNo, wish.token)))
      throw new TrailError('not_found', 'There is no token of this id here.', { input: '/token' })
    const run = (given: string | null, params: string): Promise<Grant> =>
      records.act('grantRole', {
        tenantNo,
        tokenId: wish.token,
        role: wish.role,
        scope,
        scopeOwnerId: wish.owner ?? null,
        breakGlass,
        ground,
        until: until === undefined ? null : parseTime(until, '/until'),
        period: period ? { from: parseTime(period.from, '/period/from'), to: parseTime(period.to, '/period/to') } : null,
        approval: given,
        params,
        at: clock.now(),
        actor,
      })
    if (!breakGlass && !HEAVY_ROLES.has(wish.role)) return resourceOf(await run(null, '{}'))
    const action = breakGlass ? 'break_glass' : 'role.grant'
    const answer = await withSecondPerson(parts, reply, { principal, action, params: { ...wish, scope }, body, run })
    return 'asked' in answer ? answer.asked : resourceOf(answer.done)
  }

  async function resourceOf(one: Grant) {
    const [token] = await records.read.tokensByNo([one.tokenNo])
    return grantResource(one, token?.id ?? '', clock.now())
  }
}

function separating(app: App, { records, clock }: HttpParts): void {
  app.post(
    '/v1/separation',
    {
      config: { permission: 'separation:write' },
      schema: {
        tags: ['access'],
        summary: 'Enforce the separation of duties, or waive it',
        description:
          'One person may waive alone; every report then says so. To enforce, nobody may hold roles that conflict. From then on the table of roles holds strictly, and heavy roles need a second factor.',
        body: closed({ separation: Type.Enum(['enforced', 'waived']), ground: Ground }),
        response: { 200: Type.Object({ separation: Type.Enum(['enforced', 'waived']) }) },
      },
    },
    async (request) => {
      const { tenantNo, actor } = principalOf(request)
      const enforced = request.body.separation === 'enforced'
      await records.act('setSeparation', { tenantNo, enforced, ground: request.body.ground, at: clock.now(), actor })
      return { separation: request.body.separation }
    },
  )
}

import { Type } from 'typebox'
import type { Principal } from '../../access/principal.ts'
import { APPROVERS } from '../../access/approvers.ts'
import { TrailError } from '../../errors.ts'
import type { Approval } from '../../records/approvals.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { approvalResources, ApprovalSchema, ApprovalStateName } from '../second-person.ts'
import { closed, IdParams, TimeText } from '../schemas.ts'
import { parseTime } from '../times.ts'

const LIMIT = 50
const DecisionBody = closed({
  note: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'for people; never a secret' })),
})

/** What a second person agrees to: asked for by the route of the action, decided here. */
export function approvalRoutes(app: App, parts: HttpParts): void {
  const { records, access, clock } = parts

  app.get(
    '/v1/approvals',
    {
      config: { permission: 'approvals:read', reading: true },
      schema: {
        tags: ['access'],
        summary: 'Approvals that were asked for, newest first',
        querystring: closed({
          state: Type.Optional(ApprovalStateName),
          before: Type.Optional(TimeText),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
        }),
        response: { 200: Type.Object({ items: Type.Array(ApprovalSchema) }) },
      },
    },
    async (request) => {
      const { state, before, limit = LIMIT } = request.query
      const page = { limit, ...(state && { state }), ...(before && { before: parseTime(before, 'before') }) }
      return { items: await approvalResources(parts, await records.read.approvals(principalOf(request).tenantNo, page)) }
    },
  )

  app.get(
    '/v1/approvals/:id',
    {
      config: { permission: 'approvals:read', reading: true },
      schema: { tags: ['access'], summary: 'One approval', params: IdParams, response: { 200: ApprovalSchema } },
    },
    async (request) => resourceOf(await find(principalOf(request), request.params.id)),
  )

  for (const [word, given, summary] of [
    ['give', true, 'Agree to what somebody else asked for'],
    ['refuse', false, 'Refuse what somebody asked for'],
  ] as const) {
    app.post(
      `/v1/approvals/:id/${word}`,
      {
        config: { permission: 'approvals:write' },
        schema: {
          tags: ['access'],
          summary,
          description:
            'By a person who may decide this action and did not ask for it. Who asked then calls the action again and names the approval.',
          params: IdParams,
          body: DecisionBody,
          response: { 200: ApprovalSchema },
        },
      },
      async (request) => {
        const principal = principalOf(request)
        const { id, action } = await find(principal, request.params.id)
        if (!APPROVERS[action].some((role) => access.hasRole(principal, role)))
          throw new TrailError('not_permitted', `Who decides this has one of the roles ${APPROVERS[action].join(', ')}.`)
        const { note } = request.body
        const { tenantNo, actor } = principal
        const decision = { tenantNo, id, given, at: clock.now(), actor, ...(note === undefined ? {} : { note }) }
        return resourceOf(await records.act('decideApproval', decision))
      },
    )
  }

  async function find(principal: Principal, id: string): Promise<Approval> {
    const approval = await records.read.approval(principal.tenantNo, id)
    if (!approval) throw new TrailError('not_found', 'There is no approval of this id here.', { input: 'id' })
    return approval
  }

  async function resourceOf(approval: Approval): Promise<Type.Static<typeof ApprovalSchema>> {
    const [resource] = await approvalResources(parts, [approval])
    if (!resource) throw new TypeError('an approval has a resource')
    return resource
  }
}

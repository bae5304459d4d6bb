import type { FastifyReply } from 'fastify'
import { canonical, WIDE_PROFILE } from 'tokentrail/log'
import { Type } from 'typebox'
import type { Principal } from '../access/principal.ts'
import { readSeparation } from '../access/separation.ts'
import { APPROVAL_STATES, type Approval, FOUR_EYES, type FourEyes } from '../records/approvals.ts'
import type { HttpParts } from './parts.ts'
import { timeText } from './times.ts'

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])

export const ActionName = Type.Enum([...FOUR_EYES])
export const ApprovalStateName = Type.Enum([...APPROVAL_STATES])

export const ApprovalSchema = Type.Object({
  id: Type.String(),
  action: ActionName,
  params: Type.Object({}, { additionalProperties: true, description: 'what exactly will happen' }),
  ground: Type.String(),
  state: ApprovalStateName,
  requester: Type.String({ description: 'owner of the token that asked' }),
  requestedAt: Instant,
  lapsesAt: Instant,
  decider: Type.Union([Type.String(), Type.Null()]),
  decidedAt: MaybeInstant,
  note: Type.Union([Type.String(), Type.Null()]),
  selfApproved: Type.Boolean({ description: 'one person did both parts, while separation of duties was waived' }),
})

/** The answer 202 of a route whose action waits for a second person. */
export const ApprovalAnswer = Type.Object({ approval: ApprovalSchema })

/** Fields of the body of every route whose action needs a second person. */
export const SecondPersonFields = {
  approval: Type.Optional(
    Type.String({
      pattern: '^apr_[0-9a-f]{24}$',
      description: 'the approval that was given for exactly this; without it one is asked for',
    }),
  ),
  ground: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'why; for people, never a secret' })),
}

export interface NeedsTwo<Result> {
  readonly principal: Principal
  readonly action: FourEyes
  /** What exactly will happen, without approval and ground. */
  readonly params: Readonly<Record<string, unknown>>
  readonly body: { readonly approval?: string; readonly ground?: string }
  /** Does it: hands `approval` and the canonical `params` to an action of records that takes the approval. */
  run(approval: string | null, params: string): Promise<Result>
}

/**
 * What needs a second person: done at once with an approval that was given, or while separation of duties is waived; else it is
 * asked for and the answer is 202 with the request.
 */
export async function withSecondPerson<Result>(
  parts: Pick<HttpParts, 'records' | 'clock' | 'installTenantNo'>,
  reply: FastifyReply,
  { principal, action, params, body, run }: NeedsTwo<Result>,
): Promise<{ readonly done: Result } | { readonly asked: Type.Static<typeof ApprovalAnswer> }> {
  const text = canonical(params, WIDE_PROFILE)
  if (body.approval !== undefined) return { done: await run(body.approval, text) }
  if ((await readSeparation(parts.records, parts.installTenantNo)) === 'waived') return { done: await run(null, text) }
  const { tenantNo, actor } = principal
  const ask = { tenantNo, action, params: text, ground: body.ground ?? '', at: parts.clock.now(), actor }
  const approval = await parts.records.act('requestApproval', ask)
  void reply.code(202)
  return { asked: { approval: (await approvalResources(parts, [approval]))[0] as Type.Static<typeof ApprovalSchema> } }
}

/** Approvals as their resources, with names of people where they are known. */
export async function approvalResources(
  { records }: Pick<HttpParts, 'records'>,
  approvals: readonly Approval[],
): Promise<Type.Static<typeof ApprovalSchema>[]> {
  const nos = approvals.flatMap(({ requesterNo, deciderNo }) => (deciderNo === null ? [requesterNo] : [requesterNo, deciderNo]))
  const owners = new Map((await records.read.ownersByNo([...new Set(nos)])).map(({ no, id }) => [no, id]))
  const nameOf = (no: number): string => owners.get(no) ?? `#${no}`
  return approvals.map(
    ({ id, action, ground, state, note, selfApproved, requesterNo, deciderNo, params, requestedAt, lapsesAt, decidedAt }) => ({
      id,
      action,
      ground,
      state,
      note,
      selfApproved,
      params: JSON.parse(params) as Record<string, unknown>,
      requester: nameOf(requesterNo),
      requestedAt: timeText(requestedAt),
      lapsesAt: timeText(lapsesAt),
      decider: deciderNo === null ? null : nameOf(deciderNo),
      decidedAt: timeText(decidedAt),
    }),
  )
}

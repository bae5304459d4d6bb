import type { BeatToken } from '../beat-row.ts'
import type { Moment } from '../deed.ts'
import type { Errand } from '../errands.ts'
import type { Story, TokenPlan } from '../story.ts'

/** A token of a world as its rows tell of it; what ended it is filled in when that happens. */
export type WorldToken = { -readonly [Field in keyof BeatToken]: BeatToken[Field] }

/** Numbers of tokens, unique over all tenants of a world. */
export function tokenNo(tenant: number, place: number): number {
  return tenant * 1_000_000 + place + 1
}

export function worldToken(tenant: number, story: Story, plan: TokenPlan, place: number, ownerNo: number): WorldToken {
  return {
    no: tokenNo(tenant, place),
    kind: 'access',
    ownerNo,
    generation: generationOf(story, plan),
    environment: plan.environment,
    canary: plan.canary,
    expiresAt: plan.expiresAt,
    graceUntil: plan.rotation?.graceUntil ?? null,
    ...UNENDED,
  }
}

export function errandToken(tenant: number, { kind, expiresAt }: Errand, place: number, ownerNo: number): WorldToken {
  return {
    no: tokenNo(tenant, place),
    kind,
    ownerNo,
    generation: 1,
    environment: '',
    canary: false,
    expiresAt,
    graceUntil: null,
    ...UNENDED,
  }
}

const UNENDED = { endedAt: null, endedByWriter: 0, endedBySeq: 0, endedNetwork: 0n, endedClientHash: 0 }

function generationOf(story: Story, plan: TokenPlan): number {
  const before = plan.predecessor === null ? undefined : story.tokens[plan.predecessor]
  return before ? generationOf(story, before) + 1 : 1
}

/** What is recorded of an access token's life, in the order of time. */
export function lifeOf(story: Story, plan: TokenPlan, token: number): readonly Moment[] {
  const { issuedAt, expiresAt, rotation, revocation, suspension, predecessor, scopes } = plan
  const grants = { id: plan.id, scopes, expiresAt }
  const reason = predecessor === null ? (plan.canary ? 'canary_issued' : 'new') : 'successor'
  const by = { token, actor: 'lena.vogt' }
  const life: Moment[] = [{ at: issuedAt, type: 'token.issued', reason, ...by, detail: grants }]
  if (rotation) {
    const how = ROTATIONS[rotation.by]
    life.push({ at: rotation.at, type: 'token.rotated', ...by, ...how, detail: { graceUntil: rotation.graceUntil } })
    life.push({ at: rotation.graceUntil, type: 'token.superseded', token })
  }
  if (revocation)
    life.push({ at: revocation.at, type: 'token.revoked', reason: revocation.reason, ...by, detail: { note: revocation.note } })
  if (suspension) life.push({ at: suspension.at, type: 'token.suspended', ...by, detail: { note: 'under review' } })
  if (suspension?.resumedAt) life.push({ at: suspension.resumedAt, type: 'token.resumed', ...by })
  if (expiresAt !== null) life.push({ at: expiresAt, type: 'token.expired', reason: 'used', token })
  return life.filter(({ at }) => at >= story.from && at < story.to).toSorted((a, b) => a.at - b.at)
}

const ROTATIONS = {
  schedule: { reason: 'scheduled', actor: '', actorKind: 'schedule' },
  person: { reason: 'by_hand' },
  finding: { reason: 'after_finding' },
} as const

import { newTokenSecret, type Milliseconds } from 'tokentrail'
import { bytesOf, sha256 } from '../tokens/digests.ts'
import { formatToken } from 'tokentrail'
import { OWNERS } from './cast.ts'
import type { Actor, Changed, NewToken, Records, Refused, Tenant, TokenRecord } from '../records/records.ts'
import type { Story, TokenPlan } from './story.ts'

/** The story's access tokens as they stand in records, by their place in the story. */
export interface Enacted {
  readonly tokens: (TokenRecord | undefined)[]
  /** Texts of the tokens; in memory only. */
  readonly texts: (string | undefined)[]
}

interface Step {
  readonly at: Milliseconds
  readonly token: number
  readonly run: () => Promise<void>
}

export interface EnactParts {
  readonly records: Records
  readonly tenant: Tenant
  readonly signal: AbortSignal
}

/** Steps that run at once. Steps of one moment's neighbourhood stay together, so that days reach the store one after another. */
const AT_ONCE = 48

/** Lives every token's life in records, with the times of the story, in their order. */
export async function enact({ records, tenant, signal }: EnactParts, story: Story): Promise<Enacted> {
  const enacted: Enacted = { tokens: [], texts: [] }
  const owners = await addOwners(records, tenant)
  const steps = story.tokens.flatMap((plan, token) => stepsOf({ records, tenant, owners, enacted }, story, plan, token))
  await runInOrder(
    steps.toSorted((a, b) => a.at - b.at),
    signal,
  )
  return enacted
}

/** Numbers of the cast in records. */
async function addOwners(records: Records, tenant: Tenant): Promise<ReadonlyMap<string, number>> {
  const actor: Actor = { no: 0, kind: 'system' }
  const at = tenant.createdAt
  const owners = await Promise.all(
    OWNERS.map(({ id, name }) => records.act('putOwner', { tenantNo: tenant.no, id, name, at, actor })),
  )
  return new Map(owners.map(({ id, no }) => [id, no]))
}

/** Steps of different tokens run together; those of one token, or of a token and its successor, one after another. */
export async function runInOrder(steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (let start = 0; start < steps.length; start += AT_ONCE) {
    signal.throwIfAborted()
    const chains = new Map<number, Promise<void>>()
    for (const { token, run } of steps.slice(start, start + AT_ONCE))
      chains.set(token, (chains.get(token) ?? Promise.resolve()).then(run))
    await Promise.all(chains.values())
  }
}

type Stage = {
  readonly records: Records
  readonly tenant: Tenant
  readonly owners: ReadonlyMap<string, number>
  readonly enacted: Enacted
}

function stepsOf({ records, tenant, owners, enacted }: Stage, story: Story, plan: TokenPlan, token: number): readonly Step[] {
  const where = { tenantNo: tenant.no, id: plan.id }
  const person: Actor = { no: owners.get('lena.vogt') ?? 0, kind: 'person' }
  const family = familyOf(story, token)
  const note = (done: Changed | Refused): void => void (enacted.tokens[token] = done.token)
  const { rotation, revocation, suspension, predecessor } = plan
  const steps: Step[] = []
  const add = (at: Milliseconds | null | undefined, run: () => Promise<void>): void => {
    if (at !== null && at !== undefined && at < story.to) steps.push({ at, token: family, run })
  }

  if (predecessor === null)
    add(plan.issuedAt, async () =>
      note(await records.act('issueToken', { token: newToken(tenant, plan, token, enacted), at: plan.issuedAt, actor: person })),
    )
  if (rotation) {
    const next = story.tokens.findIndex((other) => other.predecessor === token)
    const actor: Actor = rotation.by === 'schedule' ? { no: 0, kind: 'schedule' } : person
    add(rotation.at, async () => {
      const successor = newToken(tenant, story.tokens[next] as TokenPlan, next, enacted)
      const done = await records.act('rotateToken', {
        ...where,
        successor,
        graceUntil: rotation.graceUntil,
        reason: REASONS[rotation.by],
        at: rotation.at,
        actor,
      })
      if ('refused' in done) return
      enacted.tokens[token] = done.predecessor
      enacted.tokens[next] = done.successor
    })
  }
  if (suspension) {
    add(suspension.at, async () =>
      note(await records.act('suspendToken', { ...where, at: suspension.at, actor: person, note: 'under review' })),
    )
    add(suspension.resumedAt, async () =>
      note(await records.act('resumeToken', { ...where, at: suspension.resumedAt ?? 0, actor: person })),
    )
  }
  if (revocation)
    add(revocation.at, async () => note(await records.act('revokeToken', { ...where, ...revocation, actor: person })))
  return steps
}

const REASONS = { schedule: 'scheduled', person: 'by_hand', finding: 'after_finding' } as const

/** The oldest generation of a token's family. */
function familyOf(story: Story, token: number): number {
  const before = story.tokens[token]?.predecessor ?? null
  return before === null ? token : familyOf(story, before)
}

/** Secrets are random whatever the seed: nobody can compute a token of a demo that is reachable. */
function newToken(tenant: Tenant, plan: TokenPlan, token: number, enacted: Enacted): NewToken {
  const secret = newTokenSecret()
  enacted.texts[token] = formatToken(tenant.prefixes.access, plan.id, secret)
  return {
    tenantNo: tenant.no,
    id: plan.id,
    kind: 'access',
    prefix: tenant.prefixes.access,
    ownerId: plan.owner.id,
    scheme: 'sha256',
    digest: bytesOf(sha256(secret)),
    name: plan.name,
    environment: plan.environment,
    scopes: plan.scopes,
    issuedAt: plan.issuedAt,
    expiresAt: plan.expiresAt,
    rateLimit: plan.rateLimit,
    canary: plan.canary,
  }
}

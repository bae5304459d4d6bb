import { Type } from 'typebox'
import type { Person } from '../access/people.ts'
import { GRANT_SCOPES, type Grant } from '../records/grants.ts'
import { RoleName } from './schemas.ts'
import { timeText } from './times.ts'

const Instant = Type.String({ format: 'date-time' })
const MaybeInstant = Type.Union([Instant, Type.Null()])

export const GrantSchema = Type.Object({
  id: Type.String(),
  token: Type.String({ description: 'public id of the token that has the role' }),
  role: RoleName,
  scope: Type.Enum([...GRANT_SCOPES]),
  from: Instant,
  until: MaybeInstant,
  over: Type.Boolean(),
  period: Type.Union([Type.Object({ from: Instant, to: Instant }), Type.Null()]),
  ground: Type.String(),
  approval: Type.Union([Type.String(), Type.Null()]),
  waived: Type.Boolean({ description: 'given while separation of duties was waived, against what it would have asked for' }),
  breakGlass: Type.Boolean(),
  reviewBy: MaybeInstant,
  reviewedAt: MaybeInstant,
  grantedAt: Instant,
})

export const PersonSchema = Type.Object({
  owner: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  roles: Type.Array(RoleName),
  grants: Type.Array(GrantSchema),
  conflicts: Type.Array(Type.Array(RoleName), { description: 'pairs of roles that one person may not have together' }),
  overdueReviews: Type.Array(Type.String(), { description: 'grants in an emergency that nobody else looked at in time' }),
  secondFactor: Type.Boolean(),
  sessions: Type.Integer(),
})

export const PeopleSchema = Type.Object({
  separation: Type.Enum(['enforced', 'waived']),
  people: Type.Array(PersonSchema),
})

/** A grant as its resource. */
export function grantResource(grant: Grant, token: string, at: number): Type.Static<typeof GrantSchema> {
  const { id, role, scope, from, until, period, ground, approval, waived, breakGlass, reviewBy, reviewedAt, grantedAt } = grant
  return {
    id,
    token,
    role,
    scope,
    ground,
    approval,
    waived,
    breakGlass,
    from: timeText(from),
    until: timeText(until),
    over: grant.removedAt !== null || (until !== null && until <= at),
    period: period && { from: timeText(period.from), to: timeText(period.to) },
    reviewBy: timeText(reviewBy),
    reviewedAt: timeText(reviewedAt),
    grantedAt: timeText(grantedAt),
  }
}

/** A person as its resource. */
export function personResource({ owner, held, conflicts, overdue, factor, sessions }: Person, at: number) {
  return {
    owner: owner.id,
    name: owner.name,
    roles: [...new Set(held.map(({ grant }) => grant.role))],
    grants: held.map(({ grant, token }) => grantResource(grant, token.id, at)),
    conflicts: conflicts.map((pair) => [...pair]),
    overdueReviews: overdue.map(({ id }) => id),
    secondFactor: factor?.active ?? false,
    sessions: sessions.filter(({ expiresAt }) => expiresAt > at).length,
  }
}

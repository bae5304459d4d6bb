import type { Milliseconds } from 'tokentrail'
import type { Grant, SecondFactor, SessionListed } from '../records/grants.ts'
import type { Owner, RecordReads, Role, TokenRecord } from '../records/records.ts'
import { conflictsAmong } from '../records/role-rules.ts'
import { isLiving } from './living.ts'

/** A grant with the token that has it. */
export interface HeldBy {
  readonly grant: Grant
  readonly token: TokenRecord
}

/** A person or a service, with everything that its tokens hold. */
export interface Person {
  readonly owner: Owner
  readonly held: readonly HeldBy[]
  readonly conflicts: readonly (readonly [Role, Role])[]
  /** Break-glass grants that nobody else has looked at in time. */
  readonly overdue: readonly Grant[]
  readonly factor: SecondFactor | null
  readonly sessions: readonly SessionListed[]
}

/** Everybody of a tenant who has a role now, or has one that waits for a review. */
export async function peopleOf(read: RecordReads, tenantNo: number, at: Milliseconds): Promise<readonly Person[]> {
  const [grants, factors, sessions] = await Promise.all([
    read.grants(tenantNo),
    read.secondFactors(tenantNo),
    read.sessions(tenantNo),
  ])
  const tokens = new Map(
    (await read.tokensByNo([...new Set(grants.map(({ tokenNo }) => tokenNo))])).map((each) => [each.no, each]),
  )
  const owners = new Map(
    (await read.ownersByNo([...new Set(grants.map(({ ownerNo }) => ownerNo))])).map((each) => [each.no, each]),
  )
  const people: Person[] = []
  for (const [ownerNo, own] of Map.groupBy(grants, (grant) => grant.ownerNo)) {
    const owner = owners.get(ownerNo)
    if (!owner) continue
    const held = own.flatMap((grant) => {
      const token = tokens.get(grant.tokenNo)
      return token && holds(grant, token, at) ? [{ grant, token }] : []
    })
    const overdue = own.filter((grant) => isOverdue(grant, at))
    if (held.length === 0 && overdue.length === 0) continue
    const conflicts = conflictsAmong(new Set(held.map(({ grant }) => grant.role)))
    const factor = factors.find((each) => each.ownerNo === ownerNo) ?? null
    people.push({ owner, held, conflicts, overdue, factor, sessions: sessions.filter((each) => each.ownerNo === ownerNo) })
  }
  return people
}

/** Does this grant, of this token, count at this moment? */
function holds({ from, until, removedAt }: Grant, token: TokenRecord, at: Milliseconds): boolean {
  return removedAt === null && from <= at && (until === null || at < until) && isLiving(token, at)
}

function isOverdue({ reviewBy, reviewedAt }: Grant, at: Milliseconds): boolean {
  return reviewBy !== null && reviewedAt === null && at >= reviewBy
}

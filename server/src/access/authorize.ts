import type { Period } from '../records/grants.ts'
import type { HeldGrant, Principal } from './principal.ts'
import { type Action, HUMAN, type Reach, REACHES, reachOf, type Row, TABLE } from './table.ts'

/** Why not. */
export type Denial = 'role_missing' | 'tenant_foreign' | 'install_only' | 'owner_foreign' | 'period_outside'

/** What is asked for; what is not said is not looked at. */
export interface Resource {
  readonly tenantNo?: number
  readonly ownerNo?: number
  /** When it happened. */
  readonly at?: number
}

export interface Context {
  /** Number of the tenant `default`. */
  readonly installTenantNo: number
}

export interface Decision {
  readonly allowed: boolean
  readonly reasons: readonly Denial[]
  /** How far it reaches; undefined = not at all. */
  readonly reach: Reach | undefined
  /** Whose tokens it reaches; null = everybody's. */
  readonly ownerNo: number | null
  /** Only what happened in it; null = always. */
  readonly period: Period | null
}

type Who = Pick<Principal, 'tenantNo' | 'ownerNo' | 'grants' | 'waived'>
type Found = { readonly reach: Reach; readonly ownerNo: number | null; readonly period: Period | null }

/** Decides, from the table and what the principal holds, and from nothing else. The same question has the same answer. */
export function authorize(principal: Who, action: Action, resource: Resource, { installTenantNo }: Context): Decision {
  const row: Row = TABLE[action]
  if (row.install && principal.tenantNo !== installTenantNo) return denied('install_only')
  if (resource.tenantNo !== undefined && resource.tenantNo !== principal.tenantNo) return denied('tenant_foreign')
  const found = widest(principal.grants.flatMap((grant) => reachBy(grant, principal, action)))
  if (!found) return denied('role_missing')
  if (resource.ownerNo !== undefined && found.ownerNo !== null && found.ownerNo !== resource.ownerNo)
    return denied('owner_foreign')
  if (resource.at !== undefined && found.period && !isIn(found.period, resource.at)) return denied('period_outside')
  return { allowed: true, reasons: [], ...found }
}

/** What one grant gives: a grant about one owner reaches that owner's tokens and no further. */
function reachBy(grant: HeldGrant, { waived, ownerNo }: Who, action: Action): readonly Found[] {
  const reach = waived && grant.role === 'admin' ? 'yes' : reachOf(grant.role, action)
  if (reach === undefined) return []
  const { period } = grant
  if (grant.scope === 'owner') return [{ reach: 'own', ownerNo: grant.scopeOwnerNo ?? ownerNo, period }]
  return [{ reach, ownerNo: reach === 'own' ? ownerNo : null, period }]
}

/** The farthest; of two as far, the one without a period. */
function widest(found: readonly Found[]): Found | undefined {
  const rank = ({ reach, period }: Found): number => REACHES.indexOf(reach) * 2 + (period ? 1 : 0)
  return found.toSorted((a, b) => rank(a) - rank(b))[0]
}

function isIn({ from, to }: Period, at: number): boolean {
  return from <= at && at < to
}

function denied(reason: Denial): Decision {
  return { allowed: false, reasons: [reason], reach: undefined, ownerNo: null, period: null }
}

/** Has the principal this role; while separation is waived an admin stands for every role of people. */
export function holdsRole({ grants, waived }: Pick<Principal, 'grants' | 'waived'>, role: HeldGrant['role']): boolean {
  return grants.some((held) => held.role === role || (waived && held.role === 'admin' && HUMAN.has(role)))
}

import type { UsedToken } from './lists.ts'
import { type Columns, type Row, timeOf } from './report.ts'

const DAY_MS = 86_400_000

/** How a token is named in a row. */
export const TOKEN_COLUMNS = {
  token: { title: 'Token', form: 'text' },
  name: { title: 'Name', form: 'text' },
  owner: { title: 'Owner', form: 'text' },
} as const satisfies Columns

/** How it is used. */
export const USE_COLUMNS = {
  lastUsedAt: { title: 'Last used', form: 'time' },
  accepted30d: { title: 'Accepted in 30 d', form: 'count' },
} as const satisfies Columns

export function tokenCells({ id, name, owner }: Pick<UsedToken, 'id' | 'name' | 'owner'>): Row {
  return { token: id, name, owner }
}

export function useCells({ use }: Pick<UsedToken, 'use'>): Row {
  return { lastUsedAt: use?.lastAcceptedAt ?? null, accepted30d: use?.accepted30d ?? null }
}

/** Days since it was issued; null where that is not known. */
export function ageDays({ issuedAt }: Pick<UsedToken, 'issuedAt'>, at: number): number | null {
  return daysBetween(timeOf(issuedAt), at)
}

/** Days without an accepted use; null where there was none. */
export function idleDays({ use }: Pick<UsedToken, 'use'>, at: number): number | null {
  return daysBetween(use?.lastAcceptedAt ?? null, at)
}

function daysBetween(from: number | null, to: number): number | null {
  return from === null ? null : Math.max(0, Math.round(((to - from) / DAY_MS) * 10) / 10)
}

/** `3.1 %` of traffic as a share; null where there was none. */
export function shareOfTraffic(accepted: number, all: number): number | null {
  return all === 0 ? null : accepted / all
}

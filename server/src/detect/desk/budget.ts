import type { Milliseconds } from 'tokentrail'
import type { NoticeCredit } from '../../records/findings.ts'

const WEEK_MS = 7 * 86_400_000

/** Notified incidents of a tenant per week, unless the tenant's setting says otherwise. */
export const NOTICES_PER_WEEK = 5

/** The tenant's setting that says it. */
export const NOTICES_SETTING = 'notices-per-week'

/** The credit earned so far: time earns notices, and the bucket holds two weeks. A tenant begins with one. */
export function creditAt(credit: NoticeCredit | null, at: Milliseconds): NoticeCredit {
  if (credit === null) return { creditMs: WEEK_MS, at }
  const earned = Math.max(0, at - credit.at)
  return { creditMs: Math.min(2 * WEEK_MS, credit.creditMs + earned), at: Math.max(credit.at, at) }
}

/** The credit after one notice; `null` where there is too little. */
export function spend(credit: NoticeCredit | null, at: Milliseconds, perWeek: number): NoticeCredit | null {
  if (perWeek <= 0) return null
  const { creditMs, at: now } = creditAt(credit, at)
  const price = Math.ceil(WEEK_MS / perWeek)
  return creditMs < price ? null : { creditMs: creditMs - price, at: now }
}

import type { Milliseconds } from 'tokentrail'
import type { Records } from '../records/records.ts'

/** Something known that changes traffic, as far as the aggregate detectors need it. */
export interface KnownMark {
  readonly tenantNo: number
  /** `null`: all of the tenant. */
  readonly service: string | null
  readonly from: Milliseconds
  readonly to: Milliseconds
}

/** How much wider what is expected becomes under a mark: a deploy or a holiday explains much, not everything. */
export const MARK_WIDENS = 3

const DAY_MS = 86_400_000

/** The marks that detection may meet: those of yesterday and before it until next week. */
export async function currentMarks(records: Pick<Records, 'read'>, now: Milliseconds): Promise<readonly KnownMark[]> {
  const tenants = await records.read.tenants()
  const window = { from: now - 2 * DAY_MS, to: now + 7 * DAY_MS }
  const marks = await Promise.all(tenants.map(({ no }) => records.read.marks(no, window)))
  return marks.flat().map(({ tenantNo, service, from, to }) => ({ tenantNo, service, from, to }))
}

/** Does a mark of the tenant cover part of a span? One about a service says nothing of the other services. */
export function isMarked(
  marks: readonly KnownMark[],
  span: { readonly from: Milliseconds; readonly to: Milliseconds },
  service: string | null,
): boolean {
  return marks.some(
    (mark) =>
      mark.from < span.to && mark.to > span.from && (mark.service === null || service === null || mark.service === service),
  )
}

import { canonical, WIDE_PROFILE } from 'tokentrail/log'
import type { HiddenField } from '../../audit/registry.ts'
import type { Reveals } from '../../retention/reveals.ts'
import type { EvidenceLevel } from '../evidence/level.ts'
import type { Disclose } from './log-part.ts'

/** Which hidden fields each level opens. What names people or was typed by them opens with the agreement of a second person only. */
const OPENED: Readonly<Record<EvidenceLevel, readonly HiddenField[]>> = {
  aggregate: [],
  pseudonymous: ['token', 'address', 'request'],
  identified: ['actor', 'owner', 'token', 'address', 'request', 'detail'],
}

/** Opens commitments of a tenant's own entries, in the order of the entries, then by field. */
export function createDisclose(reveals: Pick<Reveals, 'disclose'>): Disclose {
  return async (entries, level, tenantNo) => {
    const own = entries.filter((entry) => entry.tenantNo === tenantNo)
    if (OPENED[level].length === 0 || own.length === 0) return []
    const found = await reveals.disclose(
      tenantNo,
      own.map(({ id }) => id),
      OPENED[level],
    )
    const byEvent = Map.groupBy(found, ({ event }) => event)
    return own.flatMap(({ id }) =>
      (byEvent.get(id) ?? [])
        .toSorted((a, b) => (a.field < b.field ? -1 : 1))
        .map(({ event, field, salt, value }) => canonical({ event, field, salt, value }, WIDE_PROFILE)),
    )
  }
}

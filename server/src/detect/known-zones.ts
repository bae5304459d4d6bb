import { TrailError } from '../errors.ts'
import type { RecordReads } from '../records/records.ts'
import type { TenantZones } from './watch-messages.ts'

/** Where a tenant's time zone is kept. */
export const ZONE_SETTING = 'time_zone'
/** By whose hours seasons are learned where nothing is said. */
export const ZONE_DEFAULT = 'UTC'

/** The zone as the database of zones writes it; `parameter_invalid` for what is none. */
export function checkZone(zone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    throw new TrailError('parameter_invalid', 'The zone must be one of the IANA time zones, such as Europe/Berlin.', {
      input: '/timeZone',
    })
  }
}

/** Time zones of all tenants that have set one. */
export async function knownZones({ read }: { readonly read: Pick<RecordReads, 'tenants' | 'setting'> }): Promise<TenantZones> {
  const tenants = await read.tenants()
  const zones = await Promise.all(tenants.map(async ({ no }) => [no, await read.setting(no, ZONE_SETTING)] as const))
  return zones.flatMap(([no, zone]) => (zone === null ? [] : [[no, zone] as const]))
}

import type { Records, Tenant } from '../records/records.ts'

/** Tenants at hand. Records tell by `all` when one of them changed; one that is not there is asked for each time. */
export interface Tenants {
  get(no: number): Promise<Tenant | null>
  clear(): void
}

/** Makes the cache of tenants. */
export function createTenants(records: Pick<Records, 'read'>): Tenants {
  const tenants = new Map<number, Tenant>()
  let generation = 0

  async function read(no: number): Promise<Tenant | null> {
    const begun = generation
    const tenant = await records.read.tenant(no)
    if (tenant && begun === generation) tenants.set(no, tenant)
    return tenant
  }

  return {
    get: async (no) => tenants.get(no) ?? (await read(no)),
    clear() {
      generation++
      tenants.clear()
    },
  }
}

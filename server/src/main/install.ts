import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { Actor, Records, Tenant } from '../records/records.ts'
import type { Issuer } from '../tokens/issuer.ts'

/** The tenant that an installation begins with. */
const TENANT_ID = 'default'
const SYSTEM: Actor = { no: 0, kind: 'system' }

/** Finds the installation's own tenant, or makes it at the first start. */
export async function installTenant(records: Records, clock: Clock, simulated: boolean): Promise<Tenant> {
  const known = await records.read.tenantById(TENANT_ID)
  if (known) return known
  const name = simulated ? 'Northwind (simulated)' : 'Default'
  return records.act('addTenant', { id: TENANT_ID, name, simulated, at: clock.now(), actor: SYSTEM })
}

/** The admin who signs in by the first link. */
export interface Admin {
  readonly tenantNo: number
  readonly tokenId: string
  readonly actor: Actor
}

/** The admin token's file: written, for the owner's eyes only, at the first start and whenever it is missing. The text stands nowhere else. */
export async function provideAdminToken(o: { records: Records; issuer: Issuer; file: string; tenant: Tenant }): Promise<Admin> {
  const text = existsSync(o.file) ? readFileSync(o.file, 'utf8').trim() : await issueAdminToken(o)
  const known = await o.records.read.tokenByPublicId(text.split('_')[1] ?? '')
  return { tenantNo: o.tenant.no, tokenId: known?.id ?? '', actor: known ? { no: known.ownerNo, kind: 'person' } : SYSTEM }
}

async function issueAdminToken(o: { issuer: Issuer; file: string; tenant: Tenant }): Promise<string> {
  const input = { kind: 'access', owner: 'admin', name: 'first admin token', role: 'admin' } as const
  const { token } = await o.issuer.issue({ tenantNo: o.tenant.no, actor: SYSTEM, input })
  writeFileSync(o.file, `${token}\n`, { mode: 0o600, flush: true })
  chmodSync(o.file, 0o600)
  return token
}

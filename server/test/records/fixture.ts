import { randomBytes } from 'node:crypto'
import type { Clock } from '../../src/clock.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { Actor, NewToken, OutboxEvent, Records, Tenant } from '../../src/records/records.ts'
import { TYPES, type TypeName } from 'tokentrail'

/** The moment at which tests stand. */
export const NOW = Date.UTC(2026, 10, 25, 12)

export const frozenClock: Clock = { now: () => NOW, ticks: () => 0 }

export const ADMIN: Actor = { no: 7, kind: 'person' }

/** Collects what is logged, so that a test can hold it to be silent. */
export function collectingLog() {
  const lines: string[] = []
  const write = (facts: object, message: string) => lines.push(`${message} ${JSON.stringify(facts)}`)
  return { lines, info: write, warn: write, error: write }
}

export function addTenant(records: Records): Promise<Tenant> {
  return records.act('addTenant', { name: 'Acme', at: NOW, actor: ADMIN })
}

/** A token's parameters with an id of its own. */
export function newToken(tenant: Pick<Tenant, 'no'>, differs: Partial<NewToken> = {}): NewToken {
  return {
    tenantNo: tenant.no,
    id: randomBytes(8).toString('hex'),
    kind: 'access',
    prefix: 'ttk',
    ownerId: 'svc-billing',
    scheme: 'sha256',
    digest: new Uint8Array(randomBytes(32)),
    issuedAt: NOW,
    ...differs,
  }
}

export async function issue(records: Records, tenant: Tenant, differs: Partial<NewToken> = {}) {
  const { token } = await records.act('issueToken', { token: newToken(tenant, differs), at: NOW, actor: ADMIN })
  return token
}

/** Everything in the outbox that belongs to a tenant. */
export async function eventsOf(records: Records, tenant: Tenant): Promise<readonly EventRow[]> {
  const all: readonly OutboxEvent[] = await records.outbox(10_000)
  return all.map(({ event }) => event).filter((event) => event.tenant === tenant.no)
}

export async function eventsOfType(records: Records, tenant: Tenant, type: TypeName): Promise<readonly EventRow[]> {
  return (await eventsOf(records, tenant)).filter((event) => event.type === TYPES[type].id)
}

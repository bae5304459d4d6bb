import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { leafForm } from '../event/leaf.ts'
import { decodeEvent, encodeEvent } from '../records/outbox-event.ts'
import { TYPES, typeName } from 'tokentrail'
import type { NewBatch } from '../records/batches.ts'
import { createOpenBatch } from './open-batch.ts'
import type { OpenBatch, SavedBatch } from './open-batch.ts'

/*
 * What shipping keeps in the journal's file, beside its position:
 *
 *   journal               number of the journal, and the position from which on its rows are in batches
 *   taken                 position up to which rows were taken
 *   tenant <no>           where its last batch ended, and its open batch
 *   closed <no> <from>    a closed batch, until it is recorded
 *   own <writer> <seq>    a counted event with a leaf of its own, until it is handed to the log
 */

/** What a tenant's batches have come to. */
export interface TenantState {
  readonly tenantNo: number
  /** End of the last closed batch. */
  covered: number
  closedAt: Milliseconds
  /** When the oldest row of the open batch was taken. */
  openedAt: Milliseconds
  open: OpenBatch | undefined
  /** Counted events with leaves of their own so far: with those in batches they are all that the journal shipped. */
  ownEvents: number
}

export interface BatcherState {
  readonly journal: number
  readonly since: number
  readonly taken: number
  readonly tenants: Map<number, TenantState>
  /** Notes that name a journal which had none. */
  readonly first: [string, string][]
}

/** What the notes hold; `journal` and `position` begin them in a file that has none. */
export function readState(notes: ReadonlyMap<string, string>, begin: { journal: number; position: number }): BatcherState {
  const known = notes.get('journal')
  const { journal, since } =
    known === undefined
      ? { journal: begin.journal, since: begin.position }
      : (JSON.parse(known) as { journal: number; since: number })
  const tenants = new Map<number, TenantState>()
  for (const [name, value] of notes) {
    if (!name.startsWith('tenant ')) continue
    const tenant = readTenant(Number(name.slice('tenant '.length)), value)
    tenants.set(tenant.tenantNo, tenant)
  }
  const first: [string, string][] = known === undefined ? [['journal', JSON.stringify({ journal, since })]] : []
  return { journal, since, taken: Number(notes.get('taken') ?? since), tenants, first }
}

function readTenant(tenantNo: number, value: string): TenantState {
  const { open, ...rest } = JSON.parse(value) as Omit<TenantState, 'open' | 'tenantNo'> & { open: SavedBatch | null }
  return { tenantNo, ...rest, open: open ? createOpenBatch(open) : undefined }
}

export function tenantNote({ tenantNo, open, ...rest }: TenantState): [string, string] {
  return [`tenant ${tenantNo}`, JSON.stringify({ ...rest, open: open?.save() ?? null })]
}

export function closedNote(batch: NewBatch): [string, string] {
  const { root, runs, ...rest } = batch
  const value = { ...rest, root: Buffer.from(root).toString('base64'), runs: Buffer.from(runs).toString('base64') }
  return [`closed ${batch.tenantNo} ${batch.from}`, JSON.stringify(value)]
}

/** The note of a counted event that has a leaf of its own; critical ones went to the log with their action, others have none. */
export function ownNote(row: EventRow): [string, string] | undefined {
  const type = typeName(row.type)
  if (TYPES[type].class !== 'counted' || leafForm(type) !== 'own') return undefined
  return [`own ${row.writer} ${row.seq}`, encodeEvent(row)]
}

/** What waits to be recorded. */
export type Waiting = { readonly name: string } & ({ readonly batch: NewBatch } | { readonly event: EventRow })

/** What a note holds for records and log; `undefined` for what shipping keeps for itself. */
export function waitingIn(name: string, value: string): Waiting | undefined {
  if (name.startsWith('own ')) return { name, event: decodeEvent(value) }
  if (!name.startsWith('closed ')) return undefined
  const { root, runs, ...rest } = JSON.parse(value) as Omit<NewBatch, 'root' | 'runs'> & { root: string; runs: string }
  return { name, batch: { ...rest, root: Buffer.from(root, 'base64'), runs: Buffer.from(runs, 'base64') } }
}

import type { TypeName } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import type { FindingRecord, IncidentRecord, Write } from '../findings.ts'
import type { Actor } from '../records.ts'
import { selectTokens, toToken } from '../token-row.ts'
import { note, typeId, type Transaction } from '../transaction.ts'
import { describeActor, noteToken, retentionOf } from './token-change.ts'

const DETECTION: Actor = { no: 0, kind: 'system' }

type Change = NonNullable<Write<never>['event']>

/** Notes what happened to a finding, on the token it is about where there is one. */
export async function noteFinding(
  tx: Transaction,
  finding: FindingRecord,
  what: {
    readonly change: Change
    readonly at: number
    readonly actor?: Actor
    readonly detail?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { actor = DETECTION, at } = what
  const type: TypeName = `finding.${what.change}`
  const detail = { ...summaryOf(finding), ...what.detail }
  const { kind, key } = finding.subject
  const token = kind === 'token' ? await tokenOf(tx, finding.tenantNo, Number(key)) : undefined
  if (token) return void (await noteToken(tx, token, { type, at, actor, detail }))
  await noteOf(tx, finding.tenantNo, { type, at, actor, detail, columns: columnsOf(finding) })
}

/** Notes what happened to an incident. */
export async function noteIncident(
  tx: Transaction,
  incident: IncidentRecord,
  what: { readonly change: Change; readonly at: number; readonly actor?: Actor },
): Promise<void> {
  const { id, severity, state, title, findings, notice } = incident
  const detail = { incident: id, severity, state, title, findings, notice }
  const { actor = DETECTION, at, change } = what
  await noteOf(tx, incident.tenantNo, { type: `incident.${change}`, at, actor, detail, columns: {} })
}

/** Notes a critical event of a tenant that is about no token. */
export async function noteOf(
  tx: Transaction,
  tenantNo: number,
  what: {
    readonly type: TypeName
    readonly at: number
    readonly actor: Actor
    readonly detail: Readonly<Record<string, unknown>>
    readonly columns?: Partial<EventRow>
  },
): Promise<void> {
  await note(tx, {
    tenant: tenantNo,
    retention: await retentionOf(tx, tenantNo),
    occurredAt: what.at,
    ...describeActor(what.actor),
    ...what.columns,
    type: typeId(what.type),
    detail: JSON.stringify(what.detail),
  })
}

function summaryOf(finding: FindingRecord): Readonly<Record<string, unknown>> {
  const { id, detector, detectorVersion: version, severity, confidence, state, verdict, incidentId: incident, repeats } = finding
  return { finding: id, detector, version, severity, confidence, state, verdict, incident, repeats }
}

async function tokenOf(tx: Transaction, tenantNo: number, no: number) {
  if (!Number.isSafeInteger(no)) return undefined
  const row = await selectTokens(tx.db).where('token.no', '=', no).where('token.tenant_no', '=', tenantNo).executeTakeFirst()
  return row && toToken(row)
}

/** Network or owner, where the finding is about one. */
function columnsOf({ subject: { kind, key } }: FindingRecord): Partial<EventRow> {
  if (kind === 'source' && /^[0-9a-f]{1,16}$/.test(key)) return { network: BigInt(`0x${key}`) }
  if (kind === 'owner' && /^\d{1,9}$/.test(key)) return { ownerNo: Number(key) }
  return {}
}

import type { Selectable } from 'kysely'
import type { HoldTable, RetentionRunTable } from './hold-tables.ts'
import { RETENTION_DEFAULTS, RETENTION_SETTINGS, type Hold, type RetentionDays, type RetentionRun } from './holds.ts'
import type { Database } from './schema.ts'

/** The hold of a row. */
export function toHold(row: Selectable<HoldTable>): Hold {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    ownerNo: row.owner_no,
    tokenNo: row.token_no,
    from: row.from_at,
    to: row.to_at,
    ground: row.ground,
    setAt: row.set_at,
    setBy: row.set_by,
    endsAt: row.ends_at,
    approval: row.approval,
    releasedAt: row.released_at,
    releasedBy: row.released_by,
    releaseGround: row.release_ground,
  }
}

/** The run of a row. */
export function toRun(row: Selectable<RetentionRunTable>): RetentionRun {
  const { shard, first_leaf: first, last_leaf: last } = row
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    class: row.class,
    days: row.days,
    cut: row.cut,
    rows: row.rows,
    bytes: row.bytes,
    keys: row.keys,
    held: row.held,
    leaves: shard === null || first === null || last === null ? null : { shard, first, last },
    at: row.at,
  }
}

/** Id of a hold that keeps what is about an owner: of the tenant as a whole, of the owner, or of one of the owner's tokens. */
export async function holdOver(db: Database, tenantNo: number, ownerNo: number): Promise<string | null> {
  const row = await db
    .selectFrom('hold')
    .select('id')
    .where('tenant_no', '=', tenantNo)
    .where('released_at', 'is', null)
    .where((hold) =>
      hold.or([
        hold('owner_no', '=', ownerNo),
        hold.and([hold('owner_no', 'is', null), hold('token_no', 'is', null)]),
        hold('token_no', 'in', (token) => token.selectFrom('token').select('no').where('owner_no', '=', ownerNo)),
      ]),
    )
    .orderBy('set_at')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}

/** What a tenant's settings say, else the defaults. */
export async function retentionDaysOf(db: Database, tenantNo: number): Promise<RetentionDays> {
  const rows = await db
    .selectFrom('setting')
    .select(['name', 'value'])
    .where('tenant_no', '=', tenantNo)
    .where('name', 'in', Object.values(RETENTION_SETTINGS))
    .execute()
  const daysOf = (name: keyof RetentionDays): number =>
    Number(rows.find((row) => row.name === RETENTION_SETTINGS[name])?.value ?? RETENTION_DEFAULTS[name])
  return { sealedValues: daysOf('sealedValues'), tombstones: daysOf('tombstones') }
}

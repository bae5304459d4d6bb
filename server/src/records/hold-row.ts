import type { Expression, ExpressionBuilder, Selectable, SqlBool } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import type { HoldTable, RetentionRunTable } from './hold-tables.ts'
import { RETENTION_DEFAULTS, RETENTION_SETTINGS, type Hold, type RetentionDays, type RetentionRun } from './holds.ts'
import type { Database, Schema } from './schema.ts'
import type { Transaction } from './transaction.ts'

const DAY_MS = 86_400_000

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

/** A key of a tenant may be needed for what a hold keeps, if it lived in the time that the hold is about. */
export function isNotHeld(key: ExpressionBuilder<Schema, 'pseudonym_key'>): Expression<SqlBool> {
  const holds = key
    .selectFrom('hold')
    .select('hold.id')
    .whereRef('hold.tenant_no', '=', 'pseudonym_key.tenant_no')
    .where('hold.released_at', 'is', null)
    .where((hold) =>
      hold.or([hold('hold.from_at', 'is', null), hold('hold.from_at', '<=', hold.ref('pseudonym_key.destroy_after'))]),
    )
  return key.not(key.exists(holds))
}

/** Tombstones whose time is over by their tenant's rule, and which no hold keeps. */
export async function isPurgeable(tx: Pick<Transaction, 'db'>, at: Milliseconds, before: Milliseconds) {
  const rules = await tx.db
    .selectFrom('setting')
    .select(['tenant_no', 'value'])
    .where('name', '=', RETENTION_SETTINGS.tombstones)
    .execute()
  const own = rules.map((rule) => rule.tenant_no)
  return (token: ExpressionBuilder<Schema, 'token'>): Expression<SqlBool> =>
    token.and([
      token.or([
        token.and([token('token.ended_at', '<', before), ...(own.length === 0 ? [] : [token('token.tenant_no', 'not in', own)])]),
        ...rules.map(({ tenant_no: no, value }) =>
          token.and([token('token.tenant_no', '=', no), token('token.ended_at', '<', at - Number(value) * DAY_MS)]),
        ),
      ]),
      token.not(token.exists(holdsOfToken(token))),
    ])
}

function holdsOfToken(token: ExpressionBuilder<Schema, 'token'>) {
  return token
    .selectFrom('hold')
    .select('hold.id')
    .whereRef('hold.tenant_no', '=', 'token.tenant_no')
    .where('hold.released_at', 'is', null)
    .where((hold) =>
      hold.and([
        hold.or([hold('hold.owner_no', 'is', null), hold('hold.owner_no', '=', hold.ref('token.owner_no'))]),
        hold.or([hold('hold.token_no', 'is', null), hold('hold.token_no', '=', hold.ref('token.no'))]),
      ]),
    )
}

import type { SealedRow } from '../sealed.ts'
import type { Transaction } from '../transaction.ts'

/** Rows in one statement: seven parameters each, far below the databases' bounds. */
const ROWS_PER_STATEMENT = 500

/** Keeps sealed values in the transaction of their entries. An entry is made once, so that a second row for a field is refused. */
export async function insertSealed(tx: Pick<Transaction, 'db'>, rows: readonly SealedRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    await tx.db
      .insertInto('sealed_value')
      .values(rows.slice(from, from + ROWS_PER_STATEMENT).map(toValues))
      .execute()
  }
}

function toValues({ tenantNo, event, field, keyId, nonce, sealed, expiresAt }: SealedRow) {
  return { tenant_no: tenantNo, event, field, key_id: keyId, nonce, sealed, expires_at: expiresAt }
}

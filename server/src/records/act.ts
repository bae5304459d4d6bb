import { ACTIONS } from './actions/table.ts'
import type { RecordActions } from './records.ts'
import type { Transaction } from './transaction.ts'

/** One action on its way: what `act` was asked for. */
export interface Call {
  readonly name: keyof RecordActions
  readonly params: unknown
}

/** Runs an action in a transaction that the caller has begun and will commit or roll back. */
export function perform(tx: Transaction, { name, params }: Call): Promise<unknown> {
  const action = ACTIONS[name] as (tx: Transaction, params: unknown) => Promise<unknown>
  return action(tx, params)
}

import type { Pool, QueryResult, QueryResultRow } from 'pg'

export type Query = <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<QueryResult<Row>>

/** Runs in one transaction: all of it, or nothing. A connection that failed is not used again. */
export async function inTransaction<Value>(pool: Pool, act: (query: Query) => Promise<Value>): Promise<Value> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    await client.query('BEGIN')
    const value = await act((text, values = []) => client.query(text, [...values]))
    await client.query('COMMIT')
    return value
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    client.release(failure)
  }
}

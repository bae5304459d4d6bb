/** Emergency denials that have entered records, so that none does twice. */
export const DENIAL_TABLES: readonly string[] = [
  'CREATE TABLE denial (key TEXT NOT NULL PRIMARY KEY, entered_at INTEGER NOT NULL) TABLE_END',
]

export interface DenialTable {
  key: string
  entered_at: number
}

/** The audit log: what waits for it, its head, its entries and its signatures: how their tables are made. */
export const AUDIT_TABLES: readonly string[] = []

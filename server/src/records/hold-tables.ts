/** Holds and runs of retention: how their tables are made. */
export const HOLD_TABLES: readonly string[] = []

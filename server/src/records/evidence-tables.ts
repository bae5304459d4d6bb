/** Reviews and evidence packs: how their tables are made. */
export const EVIDENCE_TABLES: readonly string[] = []

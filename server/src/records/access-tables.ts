/** Roles, approvals by a second person, second factors: how their tables are made. */
export const ACCESS_TABLES: readonly string[] = []

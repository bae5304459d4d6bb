/** What can lead to a person: sealed values, erasures, restrictions, reveals: how their tables are made. */
export const SUBJECT_TABLES: readonly string[] = []

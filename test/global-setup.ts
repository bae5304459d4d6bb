import type { TestProject } from 'vitest/node'
import { offerPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests ask for a PostgreSQL server: `askForPostgres(inject('postgres'))`. */
    postgres: string
  }
}

/** Once per run, before any test. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const offer = await offerPostgres()
  project.provide('postgres', offer.path)
  return offer.close
}

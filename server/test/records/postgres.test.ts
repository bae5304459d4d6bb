import { afterAll, inject } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { openRecords } from '../../src/records/open.ts'
import { describeRecords } from './contract.ts'
import { collectingLog, frozenClock } from './fixture.ts'

const database = await createDatabase(await askForPostgres(inject('postgres')))
afterAll(() => database.drop())

describeRecords('PostgreSQL', () => openRecords({ url: database.url, clock: frozenClock, log: collectingLog() }))

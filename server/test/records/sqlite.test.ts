import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openRecords } from '../../src/records/open.ts'
import { describeRecords } from './contract.ts'
import { collectingLog, frozenClock } from './fixture.ts'

const dir = mkdtempSync(join(tmpdir(), 'tokentrail-records-'))
afterAll(() => rmSync(dir, { recursive: true }))

describeRecords('SQLite', () => openRecords({ file: join(dir, 'records.db'), clock: frozenClock, log: collectingLog() }))

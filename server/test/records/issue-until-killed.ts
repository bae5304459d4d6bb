import { openRecords } from '../../src/records/open.ts'
import { systemClock } from '../../src/clock.ts'
import { ADMIN, collectingLog, issue, NOW } from './fixture.ts'

/** Issues tokens, eight at a time, and prints each id once it is acknowledged, until it is killed. */
const records = await openRecords({ file: process.argv[2] ?? '', clock: systemClock, log: collectingLog() })
const tenant = await records.act('addTenant', { name: 'Killed', id: 't_killed', at: NOW, actor: ADMIN })

async function goOn(): Promise<never> {
  for (;;) process.stdout.write(`${(await issue(records, tenant)).id}\n`)
}

await Promise.all(Array.from({ length: 8 }, goOn))

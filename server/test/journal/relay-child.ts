import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { TYPES } from 'tokentrail'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { openRecords } from '../../src/records/open.ts'
import { silentLog } from './support-rows.ts'

/** Signs in without end and writes `<writer> <number>` for each critical event that was promised. It lives until it is killed. */
const [folder = ''] = process.argv.slice(2)
const parts = { clock: systemClock, log: silentLog }
const records = await openRecords({ file: join(folder, 'records.sqlite'), ...parts })
const leased = await records.act('leaseWriter', { purpose: 'test', at: Date.now() })
const journal = await openJournal({ file: join(folder, 'journal.sqlite'), writer: leased, bytesMax: 1 << 28, ...parts })
startRelay({ records, journal, log: silentLog })
const tenant = await records.act('addTenant', { name: `tenant of ${leased}`, at: Date.now(), actor: { no: 0, kind: 'system' } })

async function work(): Promise<void> {
  for (;;) {
    const { writer, seq } = await records.act('noteCritical', {
      tenantNo: tenant.no,
      type: TYPES['principal.signed_in'].id,
      facts: {},
      at: Date.now(),
    })
    writeSync(1, `${writer} ${seq}\n`)
  }
}

await Promise.all([work(), work(), work(), work()])

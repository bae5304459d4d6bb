import { writeSync } from 'node:fs'
import { systemClock } from '../../src/clock.ts'
import { openRecords } from '../../src/records/open.ts'
import { openDenials } from '../../src/tokens/denials.ts'
import { startReconciling } from '../../src/tokens/reconcile.ts'

/** Denies and reconciles without end, saying each denial that is on disk, until it is killed. */
const [recordsFile = '', deniedFile = '', tenant = ''] = process.argv.slice(2)
const log = { info() {}, warn() {}, error() {} }
const records = await openRecords({ file: recordsFile, clock: systemClock, log })
const denials = openDenials({ file: deniedFile, clock: systemClock, log })
startReconciling({ denials, records, installTenantNo: Number(tenant), clock: systemClock, log })
for (let i = 0; ; i = (i + 1) % 5) {
  denials.add(`known-${i}`, { tenantNo: Number(tenant), by: { kind: 'person', no: 3 } })
  writeSync(1, '.')
  await new Promise((resolve) => setTimeout(resolve, 4))
}

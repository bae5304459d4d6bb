import { appendFileSync } from 'node:fs'
import { startDetecting } from '../../../src/detect/watch.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { openRecords } from '../../../src/records/open.ts'
import { silentLog } from '../../journal/support-rows.ts'
import { SMALL } from '../entity/events.ts'

/** Detects over a journal until everything was looked at, and writes a line for each finding that it keeps. It may be killed anywhere. */
const [folder = '', now = '0'] = process.argv.slice(2)
const clock = { now: () => Number(now), ticks: () => 0 }
const journalFile = `${folder}/journal.sqlite`
const journal = await openJournal({ file: journalFile, writer: 9, clock, bytesMax: 1 << 28, log: silentLog })
const records = await openRecords({ file: `${folder}/records.sqlite`, clock, log: silentLog })
const watch = await startDetecting({
  journal,
  journalFile,
  records,
  clock,
  log: silentLog,
  checkpointFile: `${folder}/detection`,
  engine: { limits: SMALL },
  pace: { checkpointMs: 20, pageBytesMax: 16 * 1024 },
  onFound: (found) => {
    for (const each of found) appendFileSync(`${folder}/found`, `${JSON.stringify(each)}\n`)
    process.stdout.write('kept\n')
  },
})
while (watch.state().behind > 0) await new Promise((resolve) => setTimeout(resolve, 10))
await watch.close()
await journal.close()
await records.close()
process.stdout.write('done\n')

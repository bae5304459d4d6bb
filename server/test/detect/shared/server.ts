import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { shareDetecting } from '../../../src/detect/shared/shared-watch.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { openRecords } from '../../../src/records/open.ts'
import { silentLog } from '../../journal/support-rows.ts'
import { SMALL } from '../entity/events.ts'

/** One server of several: detects when it has the lease, and writes a line for each finding that it keeps. It may be killed anywhere. */
const [folder = '', url = '', now = '0'] = process.argv.slice(2)
const clock = { now: () => Number(now), ticks: () => 0 }
const log = { ...silentLog, info: (_: object, line: string) => process.stdout.write(`${line}\n`) }
const journalFile = `${folder}/journal.sqlite`
const journal = await openJournal({ file: journalFile, writer: 9, clock, bytesMax: 1 << 28, log: silentLog })
const records = await openRecords({ url, clock, log: silentLog })
const watch = await shareDetecting({
  url,
  journal,
  journalFile,
  records,
  clock,
  log,
  checkpointFile: `${folder}/detection`,
  engine: { limits: SMALL },
  pace: { checkpointMs: 20, pageBytesMax: 4 * 1024 },
  onFound: (found) => {
    for (const each of found) appendFileSync(`${folder}/found`, `${JSON.stringify(each)}\n`)
    process.stdout.write('kept\n')
  },
})
process.stdout.write('open\n')
for await (const line of createInterface(process.stdin)) if (line === 'close') break
await watch.close()
await records.close()
await journal.close()
process.exit(0)

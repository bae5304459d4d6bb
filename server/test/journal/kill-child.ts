import { writeSync } from 'node:fs'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/open.ts'
import { accepted, silentLog, unknown } from './support-rows.ts'

/**
 * Appends and receives without end, and writes a line for each answer: `a <batch> <last number>` after `journalled`,
 * `r <number>` after `new`. It lives until it is killed.
 */
const [file = '', writer = ''] = process.argv.slice(2)
const journal = await openJournal({
  file,
  writer: Number(writer),
  clock: systemClock,
  bytesMax: 1 << 28,
  log: silentLog,
  flood: { perSecond: 100 },
})
let appended = 0
let received = await journal.highWater(999)

async function append(): Promise<void> {
  for (;;) {
    const from = appended + 1
    let answer = journal.append(accepted({ tokenNo: ++appended, tenant: 1 + (appended % 3) }))
    while (appended % 7 !== 0) answer = journal.append(accepted({ tokenNo: ++appended, tenant: 1 + (appended % 3) }))
    if ((await answer) === 'journalled') writeSync(1, `a ${from} ${appended}\n`)
  }
}

async function flood(): Promise<void> {
  for (let no = 0; ; no++) {
    const answer = journal.append(unknown(no, { tenant: 9, occurredAt: Date.now(), network: BigInt(no % 5) }))
    if (no % 20 === 0 && (await answer) === 'journalled') writeSync(1, `f ${no + 1}\n`)
  }
}

async function receive(): Promise<void> {
  for (;;) {
    const first = received + 1
    const rows = Array.from({ length: 10 }, (_, i) => accepted({ writer: 999, seq: first + i }))
    const [answer] = await journal.receive(rows)
    received = first + 9
    if (answer === 'new') writeSync(1, `r ${first} ${received}\n`)
  }
}

await Promise.race([append(), flood(), receive()])

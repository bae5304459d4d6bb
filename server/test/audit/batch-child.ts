import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { event, startLine } from './batch-line.ts'

/** Validates without end and writes how many were journalled, until it is killed. */
const [folder = '', keys = '', address = '{}'] = process.argv.slice(2)
const store = { address: JSON.parse(address), stream: () => Promise.reject(new Error('not asked here')) }
const line = await startLine({ folder: join(folder), keys, remove() {} }, store)
for (let round = 0; ; round++) {
  await line.append(150, round % 3 === 0 ? { outcome: 2, reason: 14 } : {})
  await line.journal.append(event(round, { tenant: line.tenant.no, type: 621, outcome: 0, detail: '{"attempts":1}' }))
  writeSync(1, '.')
  await new Promise((resolve) => setTimeout(resolve, 20))
}

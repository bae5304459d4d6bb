import { expect, test } from 'vitest'
import { createAskEvidence } from '../../src/report/evidence/ask.ts'
import { createLogReader } from '../../src/report/evidence/log-reader.ts'
import { EVIDENCE, EVIDENCE_NAMES } from '../../src/report/evidence/questions.ts'
import { DAY, NOW, useHouse } from '../query/house.ts'

const house = useHouse()

test('every evidence question answers for a tenant in which nothing happened', async () => {
  const { store, records, journal, tenant } = house()
  const tenantNo = await tenant()
  const log = createLogReader(records.read)
  const clock = { now: () => NOW, ticks: () => 0 }
  const ask = createAskEvidence({ store, records, journal, clock, log, installTenantNo: tenantNo })
  for (const name of EVIDENCE_NAMES) {
    const answer = await ask(tenantNo, name, { from: NOW - 7 * DAY, to: NOW }, { level: 'identified' })
    const rows = []
    for await (const row of answer.rows) rows.push(row)
    expect(answer.head).toMatchObject({ question: name, id: EVIDENCE[name].id, window: { from: NOW - 7 * DAY, to: NOW } })
    expect(answer.count()).toBe(rows.length)
    console.log(name, rows.length)
  }
})

import { expect, test } from 'vitest'
import { DAY, NOW, useReportHouse, verify, withZip } from './house.ts'

const house = useReportHouse()
const PERSON = { no: 1, kind: 'person' } as const

test('a pack of the installation verifies with the keys that a reader brings', async () => {
  const { own, token, records, settle, pack, audit, desk } = house()
  const one = await token(own, { id: 'tokenOne', ownerId: 'alice', scopes: ['read', 'write'] })
  await token(own, { id: 'tokenTwo', ownerId: 'bob' })
  await records.act('revokeToken', { tenantNo: own.no, id: one.id, reason: 'leaked', at: NOW - DAY, actor: PERSON })
  await settle()
  const { record, file } = await pack(own, { name: 'access-review', recipient: 'Auditor Ltd', from: NOW - 92 * DAY, to: NOW })
  expect(record).toMatchObject({ state: 'ready', level: 'pseudonymous' })
  const { vkey } = await audit.state()
  const found = await verify(file, `log ${vkey}\nreport ${desk.key.vkey}\nquorum none`)
  for (const o of found.outcomes) console.log(o.check, o.state, o.says, o.notes)
  await withZip(file, async (folder) => console.log([...folder.files]))
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claimKeyHome } from '../../src/main/key-home.ts'
import { openRecords } from '../../src/records/open.ts'
import { addTenant, collectingLog, frozenClock, NOW } from '../records/fixture.ts'

test('servers that share records have one home of subject keys: the second file, and a database beside a file, are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-home-'))
  const records = await openRecords({ file: join(folder, 'records.sqlite'), clock: frozenClock, log: collectingLog() })
  onTestFinished(async () => {
    await records.close()
    rmSync(folder, { recursive: true })
  })
  const tenant = await addTenant(records)
  const claim = (file: string | undefined) => claimKeyHome({ records, tenant, file, at: NOW })
  const [first, second] = [join(folder, 'one.sqlite'), join(folder, 'two.sqlite')]
  await claim(first)
  await claim(first)
  await expect(claim(second)).rejects.toMatchObject({ code: 'config_invalid', input: 'subjectKeys' })
  await expect(claim(undefined)).rejects.toMatchObject({ code: 'config_invalid' })
})

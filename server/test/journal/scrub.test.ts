import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TYPES } from 'tokentrail'
import { expect, onTestFinished, test } from 'vitest'
import { blankEvent } from '../../src/event/row.ts'
import { openJournal } from '../../src/journal/open.ts'
import { silentLog } from './support-rows.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const NAME = 'erin.mustermann@example.org'

test('what was shipped and deleted is in no file any more once the journal is scrubbed, and the journal goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-scrub-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const clock = { now: () => NOW, ticks: () => NOW * 1000 }
  const journal = await openJournal({ file: join(folder, 'journal'), writer: 3, clock, bytesMax: 1 << 26, log: silentLog })
  const append = (detail: string) =>
    journal.append({ ...blankEvent(), tenant: 1, type: TYPES['page.viewed'].id, occurredAt: NOW, detail })
  const holds = () => readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes(NAME))
  for (let i = 0; i < 50; i++) await append(`{"owner":"${NAME}","padding":"${'x'.repeat(3_000)}"}`)
  await journal.flush()
  expect(holds()).not.toEqual([])
  await journal.passed('ship', journal.position(), { stored: 50, coalesced: 0 })
  expect(holds()).not.toEqual([])
  expect(await journal.scrub()).toBe(true)
  expect(holds()).toEqual([])
  expect(await append('{}')).toBe('journalled')
  const before = journal.position()
  await journal.close()
  const again = await openJournal({ file: join(folder, 'journal'), writer: 3, clock, bytesMax: 1 << 26, log: silentLog })
  expect(again.position()).toBe(before)
  await again.close()
})

test('source ids that were taken are known', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-knows-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const clock = { now: () => NOW, ticks: () => NOW * 1000 }
  const journal = await openJournal({ file: join(folder, 'journal'), writer: 3, clock, bytesMax: 1 << 26, log: silentLog })
  const [taken, other] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)]
  await journal.receive([{ ...blankEvent(), tenant: 1, type: TYPES['page.viewed'].id, occurredAt: NOW }], [taken])
  expect(await journal.knows([other, taken])).toEqual([false, true])
  expect(await journal.knows([])).toEqual([])
  await journal.close()
})

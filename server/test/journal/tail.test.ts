import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { watchTail } from '../../src/journal/tail.ts'
import { decodeFrame } from '../../src/event/frame.ts'
import { openForTest, temporaryFile } from './support.ts'
import type { EventRow } from '../../src/event/row.ts'

/** One run of a server at a boot of the machine; gives what it declared. */
async function run(
  file: string,
  writer: number,
  boot: string,
  o: { ends: boolean; setAside?: string },
): Promise<readonly EventRow[]> {
  const journal = await openForTest({ file, writer })
  const rows: EventRow[] = []
  journal.onJournalled(({ frame }) => void rows.push(...decodeFrame(frame)))
  const tail = await watchTail({ journal, tenant: 1, retention: 1, clock: systemClock, setAside: o.setAside ?? null, boot })
  await journal.flush()
  if (o.ends) await tail.close()
  await journal.close()
  return rows
}

test('what may be lost when the machine goes down is declared once, and a kill or an orderly end is not', async () => {
  const file = temporaryFile()
  expect(await run(file, 1, 'monday', { ends: false })).toEqual([])
  expect(await run(file, 2, 'monday', { ends: false })).toEqual([])
  const [loss, ...more] = await run(file, 3, 'tuesday', { ends: true })
  expect(more).toEqual([])
  expect(loss).toMatchObject({ type: 631, reason: 166 })
  expect(JSON.parse(loss?.detail ?? '')).toMatchObject({ writer: 2, count: null })
  expect(await run(file, 4, 'wednesday', { ends: true })).toEqual([])
})

test('a journal that was set aside is declared as lost', async () => {
  const [loss] = await run(temporaryFile(), 1, 'monday', { ends: true, setAside: '/data/journal.damaged-1' })
  expect(loss).toMatchObject({ type: 631, reason: 161 })
})

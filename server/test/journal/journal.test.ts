import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { TYPES, reasonId } from 'tokentrail'
import { describe, expect, test, vi } from 'vitest'
import { decodeFrame } from '../../src/event/frame.ts'
import type { EventRow } from '../../src/event/row.ts'
import { accepted, decisions, imbalance, NOON, openForTest, rowsIn, ship, stillClock, temporaryFile } from './support.ts'

const MIB = 1 << 20

function digest(no: number): Uint8Array {
  return new Uint8Array(16).fill(no)
}

describe('append', () => {
  test('numbers events in order, and what it acknowledged can be read from the file', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    const row = accepted()
    const answers = Array.from({ length: 1000 }, (_, i) => {
      row.tokenNo = i
      return journal.append(row)
    })
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['journalled']))
    expect(row).toEqual(accepted({ tokenNo: 999 }))
    expect(rowsIn(file)).toEqual(Array.from({ length: 1000 }, (_, i) => accepted({ tokenNo: i, writer: 7, seq: i + 1 })))
  })

  test('gives all events of one batch one promise', async () => {
    const journal = await openForTest()
    expect(journal.append(accepted())).toBe(journal.append(accepted({ tenant: 2 })))
  })

  test('notes how long after its time an event was received, unless that is known already', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted({ occurredAt: NOON - 1500 }))
    await journal.append(accepted({ occurredAt: 0 }))
    await journal.append(accepted({ delayMs: 7 }))
    expect(rowsIn(file).map(({ delayMs }) => delayMs)).toEqual([1500, NOON, 7])
  })

  test('goes on with its numbers and totals after it was closed', async () => {
    const file = temporaryFile()
    const first = await openForTest({ file })
    void first.append(accepted())
    await first.close()
    const second = await openForTest({ file })
    await second.append(accepted())
    expect(rowsIn(file).map(({ seq }) => seq)).toEqual([1, 2])
    expect(second.conservation()).toMatchObject({ received: 2, journalled: 2 })
  })

  test('refuses what no frame can hold, counts it and declares it', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    expect(await journal.append(accepted({ detail: 'x'.repeat(MIB) }))).toBe('lost')
    expect(journal.conservation()).toMatchObject({ received: 1, dropped: { oversize: 1 } })
    await vi.waitFor(
      () => expect(rowsIn(file)).toMatchObject([{ type: TYPES['loss.declared'].id, reason: reasonId('oversize') }]),
      3000,
    )
  })

  test('after closing answers lost', async () => {
    const journal = await openForTest()
    await journal.close()
    expect(await journal.append(accepted())).toBe('lost')
    expect(await journal.receive([accepted({ writer: 3, seq: 1 })])).toEqual(['lost'])
  })
})

describe('a full journal', () => {
  test('answers lost, counts by reason, and takes events again once the store has taken some', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file, bytesMax: MIB })
    const large = accepted({ detail: 'x'.repeat(30_000) })
    const answers = []
    for (let i = 0; i < 50; i++) answers.push(await journal.append(large))
    const kept = answers.filter((answer) => answer === 'journalled').length
    expect(kept).toBeGreaterThan(20)
    expect(kept).toBeLessThan(50)
    expect(await journal.receive([accepted({ writer: 3, seq: 1 })])).toEqual(['lost'])
    expect(journal.conservation()).toMatchObject({ received: 50, journalled: kept, dropped: { journal_full: 50 - kept } })

    await ship(journal, file)
    expect(await journal.append(large)).toBe('journalled')
    await vi.waitFor(() => expect(rowsIn(file).map(({ type }) => type)).toContain(TYPES['loss.declared'].id), 3000)
    const declared = rowsIn(file).find(({ type }) => type === TYPES['loss.declared'].id)
    expect(declared).toMatchObject({ tenant: 1, reason: reasonId('journal_full') })
    expect(JSON.parse(declared?.detail ?? '')).toMatchObject({ writer: 7, count: 50 - kept, from: NOON, to: NOON })
    expect(imbalance(journal.conservation())).toBe(0)
  })

  test('declares after a restart what it could not declare before', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file, bytesMax: MIB })
    const large = accepted({ detail: 'x'.repeat(100_000) })
    while ((await journal.append(large)) !== 'lost') continue
    await journal.close()
    const again = await openForTest({ file, bytesMax: 4 * MIB })
    await vi.waitFor(() => expect(rowsIn(file).at(-1)).toMatchObject({ type: TYPES['loss.declared'].id }), 3000)
    await again.close()
    const third = await openForTest({ file, bytesMax: 4 * MIB })
    await third.close()
    expect(rowsIn(file).filter(({ type }) => type === TYPES['loss.declared'].id)).toHaveLength(1)
  })

  test('reuses its space: the file does not grow with what passes through it', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file, bytesMax: 4 * MIB })
    const pages = (): number => {
      const db = new DatabaseSync(file, { readOnly: true })
      const { page_count: count } = db.prepare('PRAGMA page_count').get() as { page_count: number }
      db.close()
      return count
    }
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 10; i++) void journal.append(accepted({ detail: 'x'.repeat(50_000) }))
      await journal.flush()
      await ship(journal, file)
    }
    expect(pages() * 4096).toBeLessThan(4 * MIB)
  })
})

describe('receive', () => {
  test('takes each number of a writer once, in any order, also within one call and after a restart', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    const of = (...seqs: number[]): EventRow[] => seqs.map((seq) => accepted({ writer: 3, seq }))
    expect(await journal.receive(of(1, 2, 2, 5))).toEqual(['new', 'new', 'repeated', 'new'])
    expect(await journal.highWater(3)).toBe(2)
    expect(await journal.receive(of(4, 5, 3, 4))).toEqual(['new', 'repeated', 'new', 'repeated'])
    expect(await journal.highWater(3)).toBe(5)
    expect(await journal.highWater(4)).toBe(0)
    await journal.close()
    const again = await openForTest({ file })
    expect(await again.receive(of(1, 3, 5, 6, 0))).toEqual(['repeated', 'repeated', 'repeated', 'new', 'new'])
    expect(rowsIn(file).map(({ seq }) => seq)).toEqual([1, 2, 5, 4, 3, 6, 0])
    expect(again.conservation()).toMatchObject({ received: 7, journalled: 7, repeated: 6 })
  })

  test('takes each source id once, also when calls overlap', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    const rows = [accepted(), accepted()]
    const answers = await Promise.all([
      journal.receive(rows, [digest(1), digest(2)]),
      journal.receive(rows, [digest(2), digest(3)]),
      journal.receive(rows, [digest(4), digest(4)]),
    ])
    expect(answers.flat()).toEqual(['new', 'new', 'repeated', 'new', 'new', 'repeated'])
    expect(rowsIn(file)).toHaveLength(4)
  })

  test('numbers what has no number', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted())
    await journal.receive([accepted()])
    expect(rowsIn(file)).toMatchObject([
      { writer: 7, seq: 1 },
      { writer: 7, seq: 2 },
    ])
  })

  test('a number that does not come is missed after five minutes, once, and told of again when it comes', async () => {
    const file = temporaryFile()
    const clock = stillClock()
    const told = (): unknown[] =>
      rowsIn(file)
        .filter(({ type }) => type === TYPES['gap.found'].id || type === TYPES['gap.filled'].id)
        .map(({ type, tenant, detail }) => [type, tenant, (JSON.parse(detail) as { count: number }).count])
    const journal = await openForTest({ file, clock })
    await journal.receive([5, 6, 9].map((seq) => accepted({ writer: 3, seq, tenant: 2 })))
    clock.move(299_999)
    await journal.receive([accepted({ writer: 3, seq: 12, tenant: 2 })])
    clock.move(1)
    await vi.waitFor(() => expect(told()).toEqual([[TYPES['gap.found'].id, 2, 2]]), 4000)
    await journal.close()
    const again = await openForTest({ file, clock })
    clock.move(10)
    expect(await again.receive([accepted({ writer: 3, seq: 7 }), accepted({ writer: 3, seq: 10 })])).toEqual(['new', 'new'])
    clock.move(299_999)
    await vi.waitFor(() => expect(told()).toHaveLength(3), 4000)
    expect(told().slice(1)).toEqual([
      [TYPES['gap.filled'].id, 2, 1],
      [TYPES['gap.found'].id, 2, 1],
    ])
  })

  test('of nothing answers nothing', async () => {
    const journal = await openForTest()
    expect(await journal.receive([])).toEqual([])
  })
})

describe('readers', () => {
  test('a batch is kept until every registered reader has passed it', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted())
    expect(await journal.register('detect')).toBe(1)
    await journal.append(accepted())
    await journal.append(accepted())
    await journal.passed('ship', 3, { stored: 3, coalesced: 0 })
    expect(rowsIn(file).map(({ seq }) => seq)).toEqual([2, 3])
    await journal.passed('detect', 2)
    expect(rowsIn(file).map(({ seq }) => seq)).toEqual([3])
    await journal.passed('detect', 3)
    expect(journal.state()).toMatchObject({ bytes: 0, batchesWaiting: 0, oldestWaiting: null, lastFailure: null })
    await journal.append(accepted())
    expect(journal.position()).toBe(4)
  })

  test('what has been passed is stored, once, however often it is said', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted({ count: 3 }))
    for (let i = 0; i < 3; i++) await journal.passed('ship', 1, { stored: 3, coalesced: 0 })
    expect(journal.conservation()).toMatchObject({ received: 3, stored: 3, journalled: 0 })
    expect(journal.conservation('critical')).toMatchObject({ received: 0 })
    expect(journal.conservation('counted', 2)).toMatchObject({ received: 0 })
  })

  test('a store that took another number than was journalled is noticed', async () => {
    const journal = await openForTest()
    await journal.append(accepted())
    await journal.passed('ship', 1, { stored: 2, coalesced: 0 })
    expect(journal.state().lastFailure).toMatch(/took 2/)
  })

  test('a position is never given twice, also after a restart of an empty journal', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted())
    await ship(journal, file)
    await journal.close()
    const again = await openForTest({ file })
    await again.append(accepted())
    expect(again.position()).toBe(2)
  })

  test('listeners hear every batch in order, and one that throws harms nobody', async () => {
    const journal = await openForTest()
    const heard: number[] = []
    journal.onJournalled(() => {
      throw new Error('broken')
    })
    const stop = journal.onJournalled(({ frame }) => heard.push(...decodeFrame(frame).map(({ seq }) => seq)))
    for (let i = 0; i < 5; i++) await journal.append(accepted())
    stop()
    await journal.append(accepted())
    expect(heard).toEqual([1, 2, 3, 4, 5])
  })

  test('the watermark is the oldest receipt that is not in the store, else now', async () => {
    const file = temporaryFile()
    const clock = stillClock()
    const journal = await openForTest({ file, clock })
    clock.move(10)
    const answer = journal.append(accepted())
    clock.move(10)
    expect(journal.watermark()).toBe(NOON + 10)
    await answer
    await journal.append(accepted())
    expect(journal.watermark()).toBe(NOON + 10)
    await journal.passed('ship', 1, { stored: 1, coalesced: 0 })
    expect(journal.watermark()).toBe(NOON + 20)
    clock.move(10)
    await ship(journal, file)
    expect(journal.watermark()).toBe(NOON + 30)
  })

  test('shipped waits for the store, and says when it does not come', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    void journal.append(accepted())
    await expect(journal.shipped(20)).rejects.toMatchObject({ code: 'store_unavailable' })
    const waiting = journal.shipped(10_000)
    await ship(journal, file)
    await waiting
    expect(journal.readers()).toEqual({ ship: 1 })
  })
})

describe('a journal file', () => {
  test('that is open is refused to a second journal', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await expect(openForTest({ file })).rejects.toMatchObject({ code: 'data_in_use' })
    expect(await journal.append(accepted())).toBe('journalled')
    await journal.close()
    expect(await (await openForTest({ file })).append(accepted())).toBe('journalled')
  })

  test('of a later version is refused and left alone', async () => {
    const file = temporaryFile()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    await expect(openForTest({ file })).rejects.toMatchObject({ code: 'data_newer' })
    await expect(openForTest({ file })).rejects.toMatchObject({ code: 'data_newer' })
  })

  test('that is no database any more is set aside, and the journal goes on at other positions', async () => {
    const file = temporaryFile()
    writeFileSync(file, 'not a database, but long enough to be read as one'.repeat(100))
    const journal = await openForTest({ file })
    expect(await journal.append(accepted())).toBe('journalled')
    expect(journal.position()).toBeGreaterThan(1)
    expect(await ship(journal, file)).toHaveLength(1)
    expect(readFileSync(`${file}.damaged-1`, 'utf8')).toMatch(/^not a database/)
  })

  test('with a frame that is not as it was written gives all others, and counts that one', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    for (let i = 0; i < 5; i++) await journal.append(accepted({ tenant: i }))
    await journal.close()
    const db = new DatabaseSync(file)
    db.exec(
      'UPDATE batch SET frame = zeroblob(length(frame)) WHERE position = 2; UPDATE batch SET frame = substr(frame, 1, 30) WHERE position = 4',
    )
    db.close()
    const again = await openForTest({ file })
    const rows = await ship(again, file)
    expect(rows.map(({ tenant }) => tenant)).toEqual([0, 2, 4])
    expect(again.conservation()).toMatchObject({ received: 5, stored: 3, journalled: 0, dropped: { journal_failed: 2 } })
    expect(again.conservation(undefined, 1)).toMatchObject({ received: 1, stored: 0, dropped: { journal_failed: 1 } })
    expect(again.state()).toMatchObject({ batchesDamaged: 2, lastFailure: null })
  })
})

test('a loss before the journal is counted at once and declared together', async () => {
  const file = temporaryFile()
  const journal = await openForTest({ file })
  const loss = { tenant: 4, writer: 9, reason: 'client_gave_up' as const, count: 3, from: NOON - 5000, to: NOON - 4000 }
  journal.declareLoss(loss)
  journal.declareLoss({ ...loss, to: NOON })
  expect(journal.conservation('counted', 4)).toMatchObject({ received: 6, dropped: { client_gave_up: 6 } })
  await vi.waitFor(() => expect(rowsIn(file)).toHaveLength(1), 3000)
  const [row] = rowsIn(file)
  expect(row).toMatchObject({ tenant: 4, type: TYPES['loss.declared'].id, reason: reasonId('client_gave_up'), spanMs: 5000 })
  expect(JSON.parse(row?.detail ?? '')).toEqual({ writer: 9, count: 6, from: NOON - 5000, to: NOON })
  expect(imbalance(journal.conservation())).toBe(0)
  expect(decisions(await ship(journal, file))).toBe(1)
})

import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { TYPES } from 'tokentrail'
import type { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { EventRow } from '../../src/event/row.ts'
import type { Durability, Journal } from '../../src/journal/journal.ts'
import { accepted, decisions, imbalance, NOON, openForTest, rowsIn, ship, stillClock, temporaryFile, unknown } from './support.ts'

const MIB = 1 << 20

/** How often the thread ends. With each end at most one declaration per tenant is lost beside the events. */
const ENDS = 6

/** Makes every transaction of a journal fail, as a broken disk would, and mends it again. */
function breakFile(file: string): () => void {
  alter(file, 'ALTER TABLE batch RENAME TO hidden')
  return () => alter(file, 'ALTER TABLE hidden RENAME TO batch')
}

function alter(file: string, sql: string): void {
  const db = new DatabaseSync(file, { timeout: 5000 })
  db.exec(sql)
  db.close()
}

describe('a journal that cannot be written', () => {
  test('answers lost at once, counts, takes events again when it can, and declares', async () => {
    const file = temporaryFile()
    const journal = await openForTest({ file })
    await journal.append(accepted())
    const mend = breakFile(file)
    const answers = [journal.append(accepted({ count: 4 })), journal.append(unknown(1)), journal.append(accepted({ tenant: 2 }))]
    expect(await Promise.all(answers)).toEqual(['lost', 'lost', 'lost'])
    expect(await journal.receive([accepted({ writer: 3, seq: 1 })])).toEqual(['lost'])
    expect(journal.conservation()).toMatchObject({ received: 7, journalled: 1, inFlight: 0, dropped: { journal_failed: 6 } })
    expect(journal.state().lastFailure).toMatch(/batch/)

    mend()
    expect(await journal.append(accepted())).toBe('journalled')
    expect(await journal.receive([accepted({ writer: 3, seq: 1 })])).toEqual(['new'])
    const declared = (): EventRow[] => rowsIn(file).filter(({ type }) => type === TYPES['loss.declared'].id)
    await vi.waitFor(() => expect(declared()).toHaveLength(2), 3000)
    expect(declared().map(({ tenant, detail }) => [tenant, (JSON.parse(detail) as { count: number }).count])).toEqual([
      [1, 5],
      [2, 1],
    ])
    const before = journal.conservation()
    expect(imbalance(before)).toBe(0)
    await journal.close()
    const again = await openForTest({ file })
    expect(again.conservation()).toEqual(before)
  })
})

test(
  'a writing thread that ends at any moment is started anew, and no answer or count is wrong',
  { timeout: 60_000 },
  async () => {
    const file = temporaryFile()
    let worker: Worker | undefined
    const hear = (started: Worker): void => void (worker = started)
    process.on('worker', hear)
    onTestFinished(() => void process.off('worker', hear))
    const journal = await openForTest({ file })
    const answers: Promise<Durability>[] = []
    let turns = 0
    for (let ends = 0; ends < ENDS;) {
      for (let i = 0; i < 50; i++) answers.push(journal.append(accepted({ tenant: 1 + (i % 2) })))
      await new Promise((resolve) => void setImmediate(resolve))
      if (++turns % 5 !== 0) continue
      const ending = worker
      for (let spin = 0; spin < ends * 3; spin++) await new Promise((resolve) => void setImmediate(resolve))
      await ending?.terminate()
      await vi.waitFor(() => expect(worker).not.toBe(ending))
      await journal.flush()
      ends++
    }
    const said = await Promise.all(answers)
    const journalled = said.filter((answer) => answer === 'journalled').length
    expect(rowsIn(file).filter(({ type }) => type === 201)).toHaveLength(journalled)
    expect(imbalance(journal.conservation())).toBe(0)
    await journal.close()
    const { received, journalled: waiting, dropped } = (await openForTest({ file })).conservation()
    expect(waiting).toBe(decisions(rowsIn(file)))
    expect(received).toBe(waiting + (dropped.journal_failed ?? 0))
    const lost = said.length - journalled
    expect(dropped.journal_failed ?? 0).toBeGreaterThanOrEqual(lost)
    expect(dropped.journal_failed ?? 0).toBeLessThanOrEqual(lost + ENDS * 2)
  },
)

/** One thing that happens to a journal. */
type Step =
  | { readonly do: 'append'; readonly tenant: number; readonly count: number; readonly size: number }
  | { readonly do: 'flood'; readonly tenant: number; readonly events: number }
  | { readonly do: 'receive'; readonly seqs: readonly number[] }
  | { readonly do: 'declare' | 'ship' | 'reopen' | 'break' | 'mend' | 'flush' | 'second' }

const tenant = fc.constantFrom(1, 2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      tenant,
      count: fc.integer({ min: 1, max: 5 }),
      size: fc.constantFrom(0, 10, 60_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flood' as const), tenant, events: fc.integer({ min: 1, max: 200 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      seqs: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 10 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('declare', 'ship', 'reopen', 'break', 'mend', 'flush', 'second') }) },
)

/** A journal and what an outsider saw of it. */
function createWitness(file: string): { take(step: Step): Promise<void>; end(): Promise<void> } {
  const clock = stillClock()
  const options = { file, clock, bytesMax: MIB, flood: { perSecond: 20, samplesPerSecond: 5 } }
  const ledger = { journalled: 0, lost: 0, declared: 0 }
  const once = new Set<number>()
  const stored: EventRow[] = []
  let open: Promise<Journal> = openForTest(options)
  let mend: (() => void) | undefined
  let answers: Promise<void>[] = []

  function watch(answer: Promise<Durability>, count: number): void {
    answers.push(answer.then((said) => void (ledger[said] += count)))
  }

  async function settle(journal: Journal): Promise<void> {
    await journal.flush()
    await Promise.all(answers)
    answers = []
  }

  const steps: { [Name in Step['do']]: (journal: Journal, step: Extract<Step, { do: Name }>) => unknown } = {
    append: (journal, { tenant: of, count, size }) =>
      watch(journal.append(accepted({ tenant: of, count, detail: 'x'.repeat(size) })), count),
    flood(journal, { tenant: of, events }) {
      for (let i = 0; i < events; i++)
        watch(journal.append(unknown(i, { tenant: of, network: BigInt(i % 3), occurredAt: clock.now() })), 1)
    },
    async receive(journal, { seqs }) {
      const receptions = await journal.receive(seqs.map((seq) => accepted({ writer: 3, seq })))
      receptions.forEach((said, i) => {
        const seq = seqs[i] ?? 0
        expect(said === 'lost' || (said === 'repeated') === once.has(seq)).toBe(true)
        if (said === 'new') once.add(seq)
      })
    },
    declare(journal) {
      journal.declareLoss({ tenant: 1, writer: 9, reason: 'client_gave_up', count: 2, from: NOON, to: NOON })
      ledger.declared += 2
    },
    async ship(journal) {
      await settle(journal)
      if (!mend) stored.push(...(await ship(journal, file, 100_000)))
    },
    async reopen(journal) {
      if (mend) return
      await settle(journal)
      await journal.close()
      open = openForTest(options)
    },
    break: () => (mend ??= breakFile(file)),
    mend: () => mend && (mend(), (mend = undefined)),
    flush: settle,
    second: () => clock.move(1000),
  }

  async function check(): Promise<void> {
    const journal = await open
    for (const of of [undefined, 1, 2]) expect(imbalance(journal.conservation(undefined, of))).toBe(0)
    expect(imbalance(journal.conservation('counted'))).toBe(0)
  }

  return {
    async take(step) {
      const journal = await open
      await (steps[step.do] as (journal: Journal, step: Step) => unknown)(journal, step)
      await check()
    },
    async end() {
      mend?.()
      const journal = await open
      await settle(journal)
      for (let position = -1; position !== journal.readers().ship;) {
        position = journal.readers().ship ?? 0
        stored.push(...(await ship(journal, file, 200_000)))
      }
      await check()
      const of201 = decisions(stored.filter(({ type }) => type === 201))
      expect(of201).toBe(ledger.journalled + once.size)
      const { received, dropped, stored: plain, coalesced, journalled, inFlight } = journal.conservation()
      const losses = Object.values(dropped).reduce((sum, count) => sum + count, 0)
      expect(losses).toBeGreaterThanOrEqual(ledger.lost + ledger.declared)
      expect([plain + coalesced, journalled, inFlight]).toEqual([decisions(stored), 0, 0])
      expect(received).toBe(decisions(stored) + losses)
      await journal.close()
    },
  }
}

test('whatever happens to a journal: nothing is lost uncounted, doubled or invented', { timeout: 60_000 }, async () => {
  const histories = fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
    const witness = createWitness(temporaryFile())
    for (const step of steps) await witness.take(step)
    await witness.end()
  })
  const result = await fc.check(histories, { numRuns: 15 })
  expect(fc.defaultReportMessage(result)).toBeUndefined()
})

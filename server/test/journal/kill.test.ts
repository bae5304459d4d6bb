import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FLAGS } from 'tokentrail'
import { expect, test } from 'vitest'
import type { EventRow } from '../../src/event/row.ts'
import { nodeArguments } from '../../src/runtime.ts'
import { decisions, imbalance, openForTest, rowsIn, ship, temporaryFile } from './support.ts'

const KILLS = 10
const child = fileURLToPath(new URL('./kill-child.ts', import.meta.url))

/** What a killed process had answered. */
interface Answered {
  readonly appended: number
  readonly flooded: number
  readonly received: readonly (readonly [number, number])[]
}

/** Runs the child until it has given `answers` answers, and kills it there with SIGKILL. */
async function killAfter(answers: number, file: string, writer: number): Promise<Answered> {
  const running = spawn(process.execPath, [...nodeArguments, child, file, String(writer)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(running, 'exit')
  const lines: string[][] = []
  for await (const line of createInterface(running.stdout)) {
    if (lines.push(line.split(' ')) === answers) running.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  const last = (kind: string, field: number): number => Number(lines.findLast(([name]) => name === kind)?.[field] ?? 0)
  const received = lines.filter(([kind]) => kind === 'r').map(([, from, to]) => [Number(from), Number(to)] as const)
  return { appended: last('a', 2), flooded: last('f', 1), received }
}

function numbersOf(rows: readonly EventRow[], writer: number): number[] {
  return rows.filter((row) => row.writer === writer).map(({ seq }) => seq)
}

test(
  `after each of ${KILLS} kills under load every acknowledged event is there once, and the counts are exact`,
  { timeout: 60_000 },
  async () => {
    const file = temporaryFile()
    const receivedOnce: (readonly [number, number])[] = []
    for (let kill = 1; kill <= KILLS; kill++) {
      const answered = await killAfter(20 + ((kill * 37) % 90), file, kill)
      receivedOnce.push(...answered.received)

      const rows = rowsIn(file)
      const tokens = rows.filter((row) => row.writer === kill && row.tokenNo > 0).map(({ tokenNo }) => tokenNo)
      expect(tokens.length).toBeGreaterThanOrEqual(answered.appended)
      expect(tokens).toEqual(Array.from({ length: tokens.length }, (_, i) => i + 1))

      const flood = rows.filter((row) => row.writer === kill && row.tenant === 9 && row.type === 201)
      expect(decisions(flood)).toBeGreaterThanOrEqual(answered.flooded)
      expect(new Set(numbersOf(rows, kill)).size).toBe(numbersOf(rows, kill).length)
    }

    const received = new Set(numbersOf(rowsIn(file), 999))
    expect(received.size).toBe(numbersOf(rowsIn(file), 999).length)
    for (const [from, to] of receivedOnce) for (let seq = from; seq <= to; seq++) expect(received).toContain(seq)

    const journal = await openForTest({ file, writer: KILLS + 1 })
    const all = rowsIn(file)
    expect(all.some(({ flags }) => flags & FLAGS.coalesced)).toBe(true)
    expect(journal.conservation()).toMatchObject({
      received: decisions(all),
      journalled: decisions(all),
      inFlight: 0,
      dropped: {},
    })
    expect(decisions(await ship(journal, file))).toBe(decisions(all))
    expect(journal.conservation()).toMatchObject({ journalled: 0 })
    expect(imbalance(journal.conservation())).toBe(0)
    expect(journal.state().lastFailure).toBeNull()
  },
)

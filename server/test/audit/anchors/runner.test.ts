import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRunner } from '../../../src/audit/anchors/runner.ts'
import type { PublishedCheckpoint } from '../../../src/audit/audit.ts'
import { systemClock as clock } from '../../../src/clock.ts'

const times = { everyMs: 1000, timeoutMs: 500, backoffMs: { first: 1000, max: 8000 } }

function checkpoint(size: number, shard = '2026'): PublishedCheckpoint {
  return { shard, origin: `log/${shard}`, size, root: new Uint8Array(32), note: '' }
}

describe('a runner', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** What was brought, at which second. */
  function started(attempt: (size: number) => Promise<void>, more: object = {}) {
    const brought: string[] = []
    const begun = clock.ticks()
    const runner = createRunner({
      ...times,
      clock,
      onFailure: () => undefined,
      ...more,
      async attempt({ shard, size }) {
        brought.push(`${shard} ${String(size)} at ${String(Math.round((clock.ticks() - begun) / 1e6))}`)
        await attempt(size)
      },
    })
    return { runner, brought }
  }

  test('brings the newest only, at most once in its time', async () => {
    const { runner, brought } = started(async () => undefined)
    for (const size of [1, 2, 3]) runner.offer(checkpoint(size))
    await vi.advanceTimersByTimeAsync(10)
    for (const size of [4, 5, 6]) runner.offer(checkpoint(size))
    await vi.advanceTimersByTimeAsync(3000)
    expect(brought).toEqual(['2026 1 at 0', '2026 6 at 1'])
    await runner.close()
  })

  test('tries again ever later after a failure, and says why', async () => {
    const { runner, brought } = started(async () => {
      throw new Error('away')
    })
    runner.offer(checkpoint(1))
    await vi.advanceTimersByTimeAsync(40_000)
    expect(brought.map((each) => Number(each.split(' at ')[1]))).toEqual([0, 1, 3, 7, 15, 23, 31, 39])
    expect(runner.state()).toEqual({ failure: 'away', failures: 8 })
    await runner.close()
  })

  test('gives up an attempt that takes too long', async () => {
    const { runner } = started(() => new Promise(() => undefined))
    runner.offer(checkpoint(1))
    await vi.advanceTimersByTimeAsync(600)
    expect(runner.state()).toEqual({ failure: 'No answer within 500 ms.', failures: 1 })
    await runner.close()
  })

  test('brings what another shard has while one fails', async () => {
    const { runner, brought } = started(async (size) => {
      if (size === 1) throw new Error('gone')
    })
    runner.offer(checkpoint(1, '2025'))
    runner.offer(checkpoint(2, '2026'))
    await vi.advanceTimersByTimeAsync(5000)
    expect(brought.slice(0, 2).map((each) => each.split(' at ')[0])).toEqual(['2025 1', '2026 2'])
    await runner.close()
  })

  test('waits at first for what is left of the time since the last one', async () => {
    const { runner, brought } = started(async () => undefined, { firstInMs: 700 })
    runner.offer(checkpoint(1))
    await vi.advanceTimersByTimeAsync(600)
    expect(brought).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    expect(brought).toHaveLength(1)
    await runner.close()
  })

  test('closes at once, whatever it waits for', async () => {
    const { runner } = started(() => new Promise(() => undefined))
    runner.offer(checkpoint(1))
    await vi.advanceTimersByTimeAsync(10)
    await runner.close()
    expect(runner.state().failures).toBe(0)
  })
})

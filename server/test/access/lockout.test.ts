import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLockout } from '../../src/access/lockout.ts'

const OPTIONS = { failuresMax: 5, windowMs: 900_000, keysMax: 100 }

function stillClock() {
  let now = 1_000_000
  return { now: () => now, ticks: () => now * 1000, move: (ms: number) => void (now += ms) }
}

describe('lock-out', () => {
  test('the first failures are free, then each doubles the wait up to the window', () => {
    const clock = stillClock()
    const lockout = createLockout({ ...OPTIONS, clock })
    const waits = Array.from({ length: 14 }, () => {
      lockout.failed('a')
      return lockout.waitMs('a')
    })
    expect(waits.slice(0, 7)).toEqual([0, 0, 0, 0, 15_000, 30_000, 60_000])
    expect(waits.at(-1)).toBe(900_000)
  })

  test('a success forgets, and so does a quiet window', () => {
    const clock = stillClock()
    const lockout = createLockout({ ...OPTIONS, clock })
    for (let i = 0; i < 6; i++) lockout.failed('a')
    lockout.succeeded('a')
    expect(lockout.waitMs('a')).toBe(0)
    for (let i = 0; i < 5; i++) lockout.failed('b')
    clock.move(900_000)
    lockout.failed('b')
    expect(lockout.waitMs('b')).toBe(0)
  })

  test('failures of one key never make another wait, and the wait never exceeds the window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), moveMs: fc.nat(60_000) }), { maxLength: 200 }),
        (steps) => {
          const clock = stillClock()
          const lockout = createLockout({ ...OPTIONS, clock })
          for (const { key, moveMs } of steps) {
            clock.move(moveMs)
            lockout.failed(key)
            expect(lockout.waitMs(key)).toBeLessThanOrEqual(OPTIONS.windowMs)
            expect(lockout.waitMs('stranger')).toBe(0)
          }
        },
      ),
    )
  })

  test('memory is bounded: the key that failed longest ago is forgotten', () => {
    const clock = stillClock()
    const lockout = createLockout({ ...OPTIONS, failuresMax: 1, clock })
    for (let i = 0; i <= OPTIONS.keysMax; i++) lockout.failed(`source ${i}`)
    expect(lockout.waitMs('source 0')).toBe(0)
    expect(lockout.waitMs('source 1')).toBeGreaterThan(0)
  })
})

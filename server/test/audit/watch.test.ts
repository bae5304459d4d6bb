import { expect, test } from 'vitest'
import { watchAudit } from '../../src/audit/watch.ts'
import type { AnchorState } from '../../src/audit/anchors/anchors.ts'
import type { AuditState } from '../../src/audit/audit.ts'
import type { AuditTrouble } from '../../src/audit/watch.ts'

const BEGIN = 1_700_000_000_000

function openWatch(nightly: () => string | null = () => null) {
  let now = BEGIN
  let state: Partial<AuditState> | Error = {}
  let witness: string | null = null
  const told: string[] = []
  const watch = watchAudit({
    nightly,
    audit: {
      state: async () => {
        if (state instanceof Error) throw state
        const checkpoint = { size: 10, root: '', at: now }
        return { size: 10, checkpoint, waiting: 0, failure: null, halted: null, ...state } as AuditState
      },
      anchors: () => [{ name: 'bank', failure: witness } as AnchorState],
    },
    clock: { now: () => now, ticks: () => 0 },
    log: { info() {}, warn() {}, error() {} },
    onChange: ({ what }: AuditTrouble, isOver) => void told.push(`${what} ${isOver ? 'over' : 'began'}`),
  })
  return {
    told,
    health: watch.health,
    set: (next: Partial<AuditState> | Error, failing: string | null = null) => ([state, witness] = [next, failing]),
    after: async (ms: number) => {
      now += ms
      await watch.look()
      return watch.health().troubles.map(({ what }) => what)
    },
    now: () => now,
    close: watch.close,
  }
}

test('a signer, a disk or a witness that is down for less than a minute is no alarm, then it is one, until it works again', async () => {
  const watch = openWatch()
  expect(await watch.after(0)).toEqual([])
  watch.set({ failure: 'EIO', checkpoint: { size: 8, root: '', at: watch.now() }, waiting: 3 }, 'does not answer')
  expect(await watch.after(1000)).toEqual([])
  expect(await watch.after(59_000)).toEqual([])
  expect(await watch.after(1000)).toEqual(['anchor bank', 'checkpoint'])
  expect(watch.health()).toMatchObject({ uncovered: 5, checkpointAgeMs: 61_000 })
  watch.set({ failure: 'EIO' })
  expect(await watch.after(1000)).toEqual(['checkpoint'])
  watch.set({})
  expect(await watch.after(1000)).toEqual([])
  expect(watch.told).toEqual(['anchor bank began', 'checkpoint began', 'anchor bank over', 'checkpoint over'])
  watch.close()
})

test('records that do not answer are trouble of the log as well, and a halted log says why', async () => {
  const watch = openWatch()
  watch.set(new Error('records are down'))
  await watch.after(0)
  expect(await watch.after(60_000)).toEqual(['checkpoint'])
  expect(watch.health().troubles[0]?.why).toBe('records are down')
  watch.set({ halted: 'restored' })
  await watch.after(0)
  expect(await watch.after(60_000)).toEqual(['halted'])
  watch.close()
})

test('a log at rest whose every entry is covered is in no trouble, however old its checkpoint is', async () => {
  const watch = openWatch()
  watch.set({ checkpoint: { size: 10, root: '', at: BEGIN } })
  for (let i = 0; i < 5; i++) expect(await watch.after(60_000)).toEqual([])
  watch.close()
})

test('what the night found is trouble until the next comparison holds', async () => {
  let wrong: string | null = 'one shard is not whole'
  const watch = openWatch(() => wrong)
  await watch.after(0)
  expect(await watch.after(60_000)).toEqual(['comparison'])
  expect(watch.health().troubles[0]?.why).toBe('one shard is not whole')
  wrong = null
  expect(await watch.after(1000)).toEqual([])
  expect(watch.told).toEqual(['comparison began', 'comparison over'])
  watch.close()
})

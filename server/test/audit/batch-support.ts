import { onTestFinished, vi, expect } from 'vitest'
import { openMigrated } from '../store/support.ts'
import { startLine } from './batch-line.ts'
import { newPlace } from './support.ts'
import type { OpenStore } from '../../src/store/open.ts'
import type { Line } from './batch-line.ts'
import type { Place } from './support.ts'

/** A line that is closed, and a place that is removed, when the test is over. */
export async function openLine(at: { store?: OpenStore; place?: Place } = {}): Promise<Line & { readonly store: OpenStore }> {
  const place = at.place ?? newPlace()
  onTestFinished(() => place.remove())
  const store = at.store ?? (await openMigrated())
  const line = await startLine(place, store)
  onTestFinished(() => line.close())
  return { ...line, store }
}

/** Batches cover so many rows of the tenant, and nothing waits to be recorded. */
export async function settled(line: Line, rows: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const own = (await line.batches()).filter(({ tenantNo }) => tenantNo === line.tenant.no)
      expect(own.reduce((sum, each) => sum + each.rows, 0)).toBe(rows)
      expect(line.recorder.waiting()).toBe(0)
    },
    { timeout: 30_000, interval: 50 },
  )
}

import { expect, test } from 'vitest'
import { createEntityDetectors } from '../../../src/detect/entity/detectors.ts'
import { accepted, consumed, DAY, HOUR, SMALL, START } from './events.ts'

const NETWORK = 0x1122_3344_5566_7788n

function learned() {
  const detectors = createEntityDetectors({ limits: SMALL })
  for (let hour = 0; hour < 48; hour++) {
    detectors.see(accepted({ at: START + hour * HOUR, network: NETWORK }), () => undefined)
    detectors.see(accepted({ at: START + hour * HOUR, tokenNo: 2, ownerNo: 12, network: 100n }), () => undefined)
  }
  detectors.see(consumed({ at: START + 2 * DAY, network: NETWORK }), () => undefined)
  return detectors
}

function rowsOf(detectors: ReturnType<typeof learned>, table: 'tokens' | 'singles'): Buffer {
  const { tables } = detectors.snapshot() as { tables: Record<string, { rows: Uint8Array }> }
  return Buffer.from(tables[table]!.rows)
}

function holds(bytes: Buffer, word: number): boolean {
  for (let at = 0; at + 4 <= bytes.length; at += 4) if (bytes.readUInt32LE(at) === word) return true
  return false
}

test('what was learned of a subject is gone from its tokens, and of others it stays', () => {
  const detectors = learned()
  expect(holds(rowsOf(detectors, 'tokens'), 0x1122_3344)).toBe(true)
  expect(holds(rowsOf(detectors, 'singles'), 0x1122_3344)).toBe(true)
  detectors.forget({ tenantNo: 1, ownerNo: 11, tokens: [1, 50, 999] })
  for (const table of ['tokens', 'singles'] as const) {
    expect(holds(rowsOf(detectors, table), 0x1122_3344)).toBe(false)
    expect(holds(rowsOf(detectors, table), 0x5566_7788)).toBe(false)
  }
  expect(holds(rowsOf(detectors, 'tokens'), 100)).toBe(true)
})

test('a token that is used again after that is learned anew, and finds nothing by it', () => {
  const detectors = learned()
  detectors.forget({ tenantNo: 1, ownerNo: 11, tokens: [1] })
  const found: unknown[] = []
  detectors.see(accepted({ at: START + 3 * DAY, network: 7n }), (finding) => found.push(finding))
  expect(found).toEqual([])
})

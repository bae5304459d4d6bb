import { POPULATIONS, reasonId } from 'tokentrail'
import { blankEvent } from '../../src/event/row.ts'
import type { EventRow } from '../../src/event/row.ts'

export const NOON = Date.UTC(2026, 10, 25, 12)

export const silentLog = { info() {}, warn() {}, error() {} }

/** An accepted validation of a known token. */
export function accepted(fields: Partial<EventRow> = {}): EventRow {
  return {
    ...blankEvent(),
    tenant: 1,
    type: 201,
    outcome: 1,
    reason: 1,
    kind: 1,
    population: POPULATIONS.attributed,
    occurredAt: NOON,
    ...fields,
  }
}

/** A rejected validation of a text that nobody knows; `no` makes it another text. */
export function unknown(no: number, fields: Partial<EventRow> = {}): EventRow {
  return {
    ...accepted(fields),
    outcome: 2,
    reason: reasonId('unknown'),
    population: POPULATIONS.unattributed,
    fingerprint: fingerprint(no),
    ...fields,
  }
}

/** A fingerprint that spreads like a digest (SplitMix64). */
export function fingerprint(no: number): Uint8Array {
  const bytes = Buffer.alloc(16)
  let state = BigInt(no) + 1n
  for (const at of [0, 8]) {
    state = BigInt.asUintN(64, state * 0x9e3779b97f4a7c15n)
    let mixed = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n)
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn)
    bytes.writeBigUInt64LE(mixed ^ (mixed >> 31n), at)
  }
  return new Uint8Array(bytes)
}

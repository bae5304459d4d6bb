import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import { TYPES } from 'tokentrail'
import { createTreeHash, rootOf } from 'tokentrail/log'
import { expect, test } from 'vitest'
import { canonicalRow } from '../../src/event/canonical-row.ts'
import { blankEvent } from '../../src/event/row.ts'
import { decodeRuns } from '../../src/event/runs.ts'
import { waitingIn } from '../../src/ship/batch-notes.ts'
import { createBatcher } from '../../src/ship/batcher.ts'
import { createLeafTree } from '../../src/ship/leaf-tree.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { ReaderNotes } from '../../src/journal/journal.ts'
import type { NewBatch } from '../../src/records/batches.ts'

const TREE = createTreeHash((bytes) => hash('sha256', bytes, 'buffer'))
const BEGIN = 1_700_000_000_000

/** Shipping as it stands on disk: a crash forgets the batcher and keeps the notes. */
function createShip(now = { at: BEGIN }) {
  const disk = new Map<string, string>()
  const batches: NewBatch[] = []
  const events: EventRow[] = []
  let position = 0
  let batcher = createBatcher({ notes: disk, journal: 7, position: 0 })
  const write = (notes: ReaderNotes): void => {
    for (const [name, value] of notes) {
      if (value === null) disk.delete(name)
      else disk.set(name, value)
      const waiting = value === null ? undefined : waitingIn(name, value)
      if (!waiting) continue
      disk.delete(name)
      if ('batch' in waiting) batches.push(waiting.batch)
      else events.push(waiting.event)
    }
  }
  return {
    batches,
    events,
    position: () => position,
    range: (rows: readonly EventRow[]) => {
      write(batcher.take({ from: position, upTo: position + 1 }, rows, now.at))
      position++
    },
    /** The range was taken, and the crash came before its notes were written. */
    losesRange: (rows: readonly EventRow[]) => void batcher.take({ from: position, upTo: position + 1 }, rows, now.at),
    repeat: (rows: readonly EventRow[]) => write(batcher.take({ from: position - 1, upTo: position }, rows, now.at)),
    tick: () => write(batcher.due(now.at)),
    crash: () => (batcher = createBatcher({ notes: new Map(disk), journal: 99, position })),
    know: (nos: readonly number[]) => batcher.know(nos, now.at),
    waiting: (count: number) => batcher.waiting(count),
  }
}

function row(seq: number, fields: Partial<EventRow> = {}): EventRow {
  return { ...blankEvent(), tenant: 1, writer: 12, seq, type: 201, outcome: 1, occurredAt: BEGIN + seq, ...fields }
}

/** What each batch should hold, from rows alone. */
function rootFrom(rows: readonly EventRow[], { runs }: NewBatch): string {
  const byNumber = new Map(rows.map((each) => [`${each.writer} ${each.seq}`, each]))
  const leaves = decodeRuns(runs)
    .flatMap(({ writer, from, count }) => Array.from({ length: count }, (_, i) => byNumber.get(`${writer} ${from + i}`)))
    .map((each) => TREE.leaf(new TextEncoder().encode(each ? canonicalRow(each) : 'missing')))
  return Buffer.from(rootOf(TREE, leaves)).toString('hex')
}

test('the tree of rows is the RFC 6962 tree, also when it goes on from its edge', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 40 }), { maxLength: 70 }), fc.nat(70), (rows, cut) => {
      let tree = createLeafTree()
      rows.forEach((each, i) => {
        if (i === cut) tree = createLeafTree({ size: tree.size, edge: tree.edge() })
        tree.append(each)
      })
      const leaves = rows.map((each) => TREE.leaf(new TextEncoder().encode(each.toWellFormed())))
      expect(Buffer.from(tree.root())).toEqual(Buffer.from(rootOf(TREE, leaves)))
    }),
  )
})

test('over ranges, ticks and crashes every counted row is in one batch, once, and the batches of a tenant follow each other', () => {
  const step = fc.record({
    kind: fc.constantFrom('range', 'range', 'range', 'tick', 'crash', 'lost', 'repeat'),
    ms: fc.nat(3000),
    tenants: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const now = { at: BEGIN }
      const ship = createShip(now)
      const rows: EventRow[] = []
      let seq = 0
      let last: readonly EventRow[] = []
      ship.tick()
      for (const { kind, ms, tenants } of steps) {
        now.at += ms
        const fresh = tenants.map((tenant, i) => row(++seq, { tenant, writer: 12 + (i % 2), outcome: i % 3, count: 1 + (i % 4) }))
        if (kind === 'range') {
          ship.range(fresh)
          rows.push(...fresh)
          last = fresh
        }
        if (kind === 'lost') ship.losesRange(fresh)
        if (kind === 'lost' || kind === 'crash') ship.crash()
        if (kind === 'tick') ship.tick()
        if (kind === 'repeat' && ship.position() > 0) ship.repeat(last)
      }
      for (let i = 0; i < 100; i++, now.at += 1000) ship.tick()
      expectWhole(ship.batches, rows)
      expect(new Set(ship.batches.map(({ journal }) => journal))).toEqual(new Set(rows.length > 0 ? [7] : []))
    }),
    { numRuns: 200 },
  )
})

function expectWhole(batches: readonly NewBatch[], rows: readonly EventRow[]): void {
  for (const tenant of new Set(rows.map((each) => each.tenant))) {
    const own = rows.filter((each) => each.tenant === tenant)
    const sealed = batches.filter(({ tenantNo }) => tenantNo === tenant)
    const sum = (of: (each: NewBatch) => number): number => sealed.reduce((total, each) => total + of(each), 0)
    const counted = (some: readonly EventRow[]): number => some.reduce((total, { count }) => total + count, 0)
    expect(sum((each) => each.rows)).toBe(own.length)
    expect(sum((each) => each.events)).toBe(counted(own))
    expect(sum((each) => each.accepted)).toBe(counted(own.filter(({ outcome }) => outcome === 1)))
    expect(sum((each) => each.rejected)).toBe(counted(own.filter(({ outcome }) => outcome === 2)))
    sealed.forEach((each, i) => {
      expect(each.from).toBe(sealed[i - 1]?.to ?? 0)
      expect(Buffer.from(each.root).toString('hex')).toBe(rootFrom(own, each))
    })
  }
}

test('a tenant has at most one batch per second, all together at most twenty, and a quiet one waits no longer than a minute', () => {
  const now = { at: BEGIN }
  const ship = createShip(now)
  let seq = 0
  const closedAt = new Map<number, number[]>()
  const firstWait = new Map<number, number>()
  for (let i = 0; i < 600; i++, now.at += 250) {
    const before = ship.batches.length
    const busy = Array.from({ length: 40 }, (_, t) => row(++seq, { tenant: 1 + t }))
    const more = Array.from({ length: 40 }, (_, t) => row(++seq, { tenant: 1 + t }))
    const quiet = i % 40 === 0 ? Array.from({ length: 60 }, (_, t) => row(++seq, { tenant: 100 + t })) : []
    for (const { tenant } of [...busy, ...quiet]) firstWait.set(tenant, firstWait.get(tenant) ?? now.at)
    ship.range([...busy, ...more, ...quiet])
    for (const { tenantNo } of ship.batches.slice(before)) {
      closedAt.set(tenantNo, [...(closedAt.get(tenantNo) ?? []), now.at])
      expect(now.at - (firstWait.get(tenantNo) ?? 0)).toBeLessThanOrEqual(65_000)
      firstWait.delete(tenantNo)
    }
  }
  for (const times of closedAt.values()) times.forEach((at, i) => expect(at - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(1000))
  expect(ship.batches.length).toBeLessThanOrEqual(150 * 20 + 20)
  expect(closedAt.size).toBe(100)
})

test('a tenant at rest has an empty batch each hour, whose range goes on', () => {
  const now = { at: BEGIN }
  const ship = createShip(now)
  ship.know([5])
  ship.range([row(1)])
  now.at += 3_599_000
  ship.tick()
  expect(ship.batches.filter(({ tenantNo }) => tenantNo === 5)).toEqual([])
  now.at += 1000
  ship.tick()
  ship.range([row(2)])
  now.at += 3_600_000
  ship.tick()
  const empty = { journal: 7, tenantNo: 5, rows: 0, events: 0, firstAt: null, lastAt: null, runs: new Uint8Array(0) }
  const root = new Uint8Array(hash('sha256', '', 'buffer'))
  expect(
    ship.batches
      .filter(({ tenantNo }) => tenantNo === 5)
      .map((each) => ({ ...each, root: new Uint8Array(each.root), runs: new Uint8Array(each.runs) })),
  ).toMatchObject([
    { ...empty, from: 0, to: 1, root },
    { ...empty, from: 1, to: 2, root },
  ])
})

test('events with leaves of their own are in no batch, and the counted ones among them are handed on once', () => {
  const ship = createShip()
  const loss = row(2, { type: TYPES['loss.declared'].id, outcome: 0, detail: '{"writer":3,"count":7}' })
  ship.range([row(1), loss, row(3, { type: TYPES['token.revoked'].id }), row(4, { type: TYPES['page.viewed'].id }), row(5)])
  ship.crash()
  ship.tick()
  expect(ship.events).toEqual([loss])
  expect(ship.batches.map(({ runs }) => decodeRuns(runs))).toEqual([
    [
      { writer: 12, from: 1, count: 1 },
      { writer: 12, from: 5, count: 1 },
    ],
  ])
})

test('while records take nothing, batches grow instead of becoming more', () => {
  const now = { at: BEGIN }
  const ship = createShip(now)
  ship.waiting(201)
  for (let i = 0; i < 20; i++, now.at += 2000) ship.range([row(i)])
  expect(ship.batches).toEqual([])
  ship.waiting(0)
  ship.tick()
  expect(ship.batches).toMatchObject([{ from: 0, to: 20, rows: 20 }])
})

import { eventId, TYPES } from 'tokentrail'
import { parseProof } from 'tokentrail/log'
import { readTrust, verifyEventProof } from 'tokentrail/verify'
import { expect, test, vi } from 'vitest'
import { readLeaves } from '../../src/audit/batch-rows.ts'
import { LOG_CRYPTO, TREE } from '../../src/audit/crypto.ts'
import { createNodes } from '../../src/audit/nodes.ts'
import { TYPES_NOT_IN_BATCH } from '../../src/event/leaf.ts'
import { rowsOf } from '../store/support.ts'
import { openLine, settled } from './batch-support.ts'
import type { RowProof } from 'tokentrail/verify'
import type { Line } from './batch-line.ts'

/** What is recorded is entered by the sequencer a moment later. */
const ENTERED = { timeout: 30_000, interval: 50 }

async function trustOf(line: Line) {
  return readTrust(LOG_CRYPTO, (await line.audit.state()).vkey)
}

test('what batches add up to is what the store has of counted rows, and their roots come out of its rows again', async () => {
  const line = await openLine()
  const other = line.tenant.no + 1
  await line.append(300)
  await line.append(200, { outcome: 2, reason: 13, tokenNo: 0, population: 1 })
  await line.append(40, { tenant: other })
  await line.append(3, { type: TYPES['page.viewed'].id })
  await line.append(2, { type: TYPES['sink.failed'].id, detail: '{"attempts":3}' })
  await line.trail.issue(3)
  await line.relay.flush()
  await settled(line, 500)
  const batches = await line.batches()
  const sum = (of: 'rows' | 'events' | 'accepted' | 'rejected', no: number) =>
    batches.filter(({ tenantNo }) => tenantNo === no).reduce((total, each) => total + each[of], 0)
  const stored = await rowsOf<{ tenant: number; rows: number; events: number; accepted: number; rejected: number }>(
    line.store,
    `SELECT tenant, count() AS rows, sum(count) AS events, sumIf(count, outcome = 1) AS accepted, sumIf(count, outcome = 2) AS rejected
     FROM events WHERE NOT has({own:Array(UInt16)}, type) GROUP BY tenant`,
    { own: TYPES_NOT_IN_BATCH },
  )
  for (const { tenant, ...found } of stored)
    expect({
      rows: sum('rows', tenant),
      events: sum('events', tenant),
      accepted: sum('accepted', tenant),
      rejected: sum('rejected', tenant),
    }).toEqual(found)
  for (const batch of batches) {
    const leaves = await readLeaves({ store: line.store, read: line.records.read }, batch)
    expect(createNodes(leaves as Uint8Array[]).root()).toEqual(batch.root)
  }
  await vi.waitFor(async () => {
    const entries = await line.audit.entries({ tenantNo: line.tenant.no }, { limit: 500 })
    expect(entries.filter(({ type }) => type === 'sink.failed')).toHaveLength(2)
    expect(entries.filter(({ type }) => type === 'token.issued')).toHaveLength(3)
  }, ENTERED)
})

test('each validation is provable through its batch, to a reader who has the key of the log and nothing else', async () => {
  const line = await openLine()
  await line.append(70)
  await settled(line, 70)
  const made = await line.proofs.prove(line.tenant.no, eventId(line.journal.writer, 33), { waitMs: 30_000 })
  const proof = (made as { proof: RowProof }).proof
  const trust = await trustOf(line)
  const verified = await verifyEventProof({ crypto: LOG_CRYPTO, trust, text: JSON.stringify(proof) })
  expect(verified.outcomes.map(({ check, state }) => [check, state])).toEqual([
    ['trust', 'holds'],
    ['checkpoint', 'holds'],
    ['inclusion', 'holds'],
    ['form', 'holds'],
  ])
  expect(verified.isGood).toBe(true)
  expect(JSON.parse(proof.row ?? '')).toMatchObject({
    writer: line.journal.writer,
    seq: 33,
    network: String(2n ** 63n + 5n),
    client: 'ü"x',
  })
})

test('one changed character of a proof is refused', async () => {
  const line = await openLine()
  await line.append(9)
  await settled(line, 9)
  const made = await line.proofs.prove(line.tenant.no, eventId(line.journal.writer, 4), { waitMs: 30_000 })
  const { proof } = made as { proof: RowProof }
  const trust = await trustOf(line)
  const isGood = async (changed: Partial<RowProof>) =>
    (await verifyEventProof({ crypto: LOG_CRYPTO, trust, text: JSON.stringify({ ...proof, ...changed }) })).isGood
  const [row, hash] = [proof.row ?? '', proof.path[0] ?? '']
  const swapped = hash.startsWith('A') ? `B${hash.slice(1)}` : `A${hash.slice(1)}`
  expect(await isGood({})).toBe(true)
  expect(await isGood({ row: row.replace('"outcome":1', '"outcome":2') })).toBe(false)
  expect(await isGood({ event: eventId(line.journal.writer, 5) })).toBe(false)
  expect(await isGood({ index: proof.index + 1 })).toBe(false)
  expect(await isGood({ size: proof.size + 1 })).toBe(false)
  expect(await isGood({ path: [swapped, ...proof.path.slice(1)] })).toBe(false)
  expect(await isGood({ batch: proof.batch.replace('index ', 'index 1') })).toBe(false)
  expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust: undefined, text: JSON.stringify(proof) })).isGood).toBe(false)
})

test('a critical event has a proof of its own, with the entry in it', async () => {
  const line = await openLine()
  const [id = ''] = await line.trail.issue(1)
  const made = await line.proofs.prove(line.tenant.no, id, { waitMs: 30_000 })
  const text = (made as { text: string }).text
  expect(JSON.parse(new TextDecoder().decode(parseProof(text).extra))).toMatchObject({ type: 'token.issued', event: id })
  expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust: await trustOf(line), text })).isGood).toBe(true)
  await expect(line.proofs.prove(line.tenant.no + 1, id)).rejects.toMatchObject({ code: 'not_found' })
  await expect(line.proofs.prove(line.tenant.no, 'evt_zzz_1')).rejects.toMatchObject({ code: 'not_found' })
})

test('an erased row leaves its hash: its own proof and those of its neighbours still hold', async () => {
  const line = await openLine()
  await line.append(20)
  await settled(line, 20)
  const number = { writer: line.journal.writer, seq: 7 }
  const batch = await line.records.read.batchOf(line.tenant.no, number)
  const leaves: { seq: number; hash: Uint8Array }[] = []
  if (batch)
    await readLeaves(
      { store: line.store, read: line.records.read },
      batch,
      ({ row, hash }) => void leaves.push({ seq: row?.seq ?? 0, hash }),
    )
  const hash = leaves.find(({ seq }) => seq === 7)?.hash ?? TREE.empty
  await line.records.act('keepLeaves', { tenantNo: line.tenant.no, leaves: [{ ...number, hash }] })
  await line.store.command('DELETE FROM events WHERE seq = 7')
  const trust = await trustOf(line)
  for (const seq of [6, 7, 8]) {
    const made = await line.proofs.prove(line.tenant.no, eventId(number.writer, seq), { waitMs: 30_000 })
    const { proof } = made as { proof: RowProof }
    expect(proof.row === null).toBe(seq === 7)
    expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust, text: JSON.stringify(proof) })).isGood).toBe(true)
  }
})

test('a row that was changed or taken out of the store is found by the next proof', async () => {
  const line = await openLine()
  await line.append(20)
  await settled(line, 20)
  const prove = (seq: number) => line.proofs.prove(line.tenant.no, eventId(line.journal.writer, seq), { waitMs: 30_000 })
  await line.store.command('ALTER TABLE events UPDATE outcome = 2 WHERE seq = 3 SETTINGS mutations_sync = 1')
  await expect(prove(5)).rejects.toMatchObject({ code: 'data_damaged' })
  await line.store.command('ALTER TABLE events UPDATE outcome = 1 WHERE seq = 3 SETTINGS mutations_sync = 1')
  await expect(prove(5)).resolves.toMatchObject({ form: 'row' })
  await line.store.command('DELETE FROM events WHERE seq = 3')
  await expect(prove(5)).rejects.toMatchObject({ code: 'proof_gone' })
})

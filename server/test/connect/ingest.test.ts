import { createHash } from 'node:crypto'
import { eventId, FLAGS, POPULATIONS, reasonId, TYPES, type IngestEvent } from 'tokentrail'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LINES_MAX } from '../../src/connect/ingest.ts'
import { openHouse, SYSTEM, type House } from './house.ts'
import type { EventRow } from '../../src/event/row.ts'

let house: House
beforeEach(async () => void (house = await openHouse()))
afterEach(() => house.close())

const AT = Date.UTC(2026, 10, 25, 8, 59, 58)

function validation(change: Partial<IngestEvent> = {}): IngestEvent {
  return { id: 'a', at: AT, token: 'key-1', owner: 'shop', outcome: 'accepted', ...change }
}

async function take(lines: readonly unknown[], tenantNo = house.tenant.no): Promise<readonly string[]> {
  return (await house.ingest.take(tenantNo, lines, { actor: SYSTEM })).map(({ result, code }) => code ?? result)
}

async function observed(tenantNo = house.tenant.no): Promise<readonly EventRow[]> {
  return (await house.rows(tenantNo)).filter(({ flags }) => (flags & FLAGS.observed) !== 0)
}

describe('lines', () => {
  test('one bad line costs no other, and results stand in order', async () => {
    const results = await house.ingest.take(
      house.tenant.no,
      [validation({ id: '1' }), 'no object', validation({ id: '2' }), { at: AT }, validation({ id: '3' })],
      { actor: SYSTEM },
    )
    expect(results.map(({ index, result }) => [index, result])).toEqual([
      [0, 'stored'],
      [1, 'rejected'],
      [2, 'stored'],
      [3, 'rejected'],
      [4, 'stored'],
    ])
    expect(await observed()).toHaveLength(3)
  })

  test('more lines than one call may hold are refused whole', async () => {
    await expect(take(Array.from({ length: LINES_MAX + 1 }, () => ({})))).rejects.toMatchObject({ code: 'too_many_items' })
  })

  test('order is kept over batches', async () => {
    const lines = Array.from({ length: 2_500 }, (_, i) => validation({ id: `n${i}`, at: AT - 10_000 + i }))
    expect(new Set(await take(lines))).toEqual(new Set(['stored']))
    const times = (await observed()).map(({ occurredAt }) => occurredAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times).toHaveLength(2_500)
  })
})

describe('identity', () => {
  test('the same id is stored once, whoever sends it again', async () => {
    expect(await take([validation(), validation()])).toEqual(['stored', 'repeated'])
    expect(await take([validation({ at: AT - 5 })])).toEqual(['repeated'])
    expect(await observed()).toHaveLength(1)
  })

  test('another tenant may use the same id', async () => {
    const other = await house.addTenant('second')
    expect(await take([validation()])).toEqual(['stored'])
    expect(await take([validation()], other.no)).toEqual(['stored'])
    const [ours] = await observed()
    const [theirs] = await observed(other.no)
    expect(ours?.tokenNo).not.toBe(theirs?.tokenNo)
  })

  test('a line without an id is a new event each time', async () => {
    const { id: _, ...line } = validation()
    expect(await take([line, line])).toEqual(['stored', 'stored'])
  })

  test('a client keeps the numbers of the writer it leased', async () => {
    const writer = await house.ingest.leaseWriter(house.tenant.no)
    expect(
      await take([
        validation({ id: eventId(writer, 1) }),
        validation({ id: eventId(writer, 2) }),
        validation({ id: eventId(writer, 1) }),
      ]),
    ).toEqual(['stored', 'stored', 'repeated'])
    expect((await observed()).map((row) => [row.writer, row.seq])).toEqual([
      [writer, 1],
      [writer, 2],
    ])
    expect(await house.journal.highWater(writer)).toBe(2)
  })

  test("nobody can use up another writer's numbers", async () => {
    const other = await house.addTenant('second')
    const theirs = await house.ingest.leaseWriter(other.no)
    const forged = [eventId(theirs, 7), eventId(house.journal.writer, 1_000_000)]
    expect(await take(forged.map((id) => validation({ id })))).toEqual(['stored', 'stored'])
    expect(await take(forged.map((id) => validation({ id })))).toEqual(['repeated', 'repeated'])
    expect(await house.journal.highWater(theirs)).toBe(0)
    expect((await observed()).every(({ writer, seq }) => writer === house.journal.writer && seq < 1_000)).toBe(true)
  })
})

describe('population', () => {
  test('a proven token is attributed, with its owner', async () => {
    await take([validation()])
    const token = await house.records.read.token(house.tenant.no, 'key-1')
    expect(token).toMatchObject({ observed: true, ownerId: 'shop', issuedAtKnown: false })
    expect(await observed()).toMatchObject([
      { tokenNo: token?.no, ownerNo: token?.ownerNo, population: POPULATIONS.attributed, reason: reasonId('valid') },
    ])
  })

  test('what a text merely claims is never attributed, and makes no token', async () => {
    await take([
      validation(),
      validation({ id: 'b', outcome: 'rejected', reason: 'wrong_secret' }),
      { id: 'c', at: AT, outcome: 'rejected', reason: 'unknown', claimed: 'key-2' },
    ])
    const known = await house.records.read.token(house.tenant.no, 'key-1')
    const [, wrong, unknown] = await observed()
    expect(wrong).toMatchObject({ tokenNo: 0, claimedNo: known?.no, population: POPULATIONS.unattributed })
    expect(unknown).toMatchObject({ tokenNo: 0, claimedNo: 0, population: POPULATIONS.unattributed })
    expect(await house.records.read.token(house.tenant.no, 'key-2')).toBeNull()
  })

  test('an unknown credential is a fingerprint and never its SHA-256', async () => {
    const credential = createHash('sha256').update('guess').digest('hex')
    await take([{ id: 'd', at: AT, outcome: 'rejected', reason: 'unknown', credential }])
    const [row] = await observed()
    const fingerprint = Buffer.from(row?.fingerprint ?? []).toString('hex')
    expect(fingerprint).not.toBe('0'.repeat(32))
    expect(credential).not.toContain(fingerprint)
  })

  test('a fault is its own population', async () => {
    await take([validation({ outcome: 'rejected', reason: 'timeout' })])
    expect(await observed()).toMatchObject([{ population: POPULATIONS.fault }])
  })
})

describe('times', () => {
  test('both times are kept, and a skew beyond five minutes is flagged', async () => {
    const now = house.clock.at
    await take([
      validation({ id: '1', at: now - 299_000 }),
      validation({ id: '2', at: now + 301_000 }),
      validation({ id: '3', at: new Date(now - 3_600_000).toISOString() }),
    ])
    expect(
      (await observed()).map(({ occurredAt, delayMs, flags }) => [occurredAt - now, delayMs, (flags & FLAGS.skewed) !== 0]),
    ).toEqual([
      [-299_000, 299_000, false],
      [301_000, -301_000, true],
      [-3_600_000, 3_600_000, true],
    ])
  })
})

describe('types', () => {
  test('an unknown type is kept as other, with its name', async () => {
    expect(await take([{ id: 'x', type: 'vault.sealed', at: AT }])).toEqual(['stored'])
    const [row] = await observed()
    expect(row).toMatchObject({ type: 0, outcome: 0 })
    expect(JSON.parse(row?.detail ?? '')).toEqual({ type: 'vault.sealed' })
  })

  test.each(['audit.verified', 'role.granted', 'config.changed', 'subject.erased', 'finding.closed', 'token.purged'])(
    '%s is ours to say and is not forged from outside',
    async (type) => {
      expect(await take([{ id: 'x', type, at: AT, token: 'key-1' }])).toEqual(['stored'])
      expect(await observed()).toMatchObject([{ type: 0 }])
    },
  )

  test('the life of an observed token changes its record', async () => {
    await take([validation(), { id: 'r', type: 'token.revoked', at: AT + 1, token: 'key-1', reason: 'leaked' }])
    expect(await house.records.read.token(house.tenant.no, 'key-1')).toMatchObject({
      ending: 'revoked',
      endingReason: 'leaked',
      endedAt: AT + 1,
    })
  })

  test('a repeated line finishes what a crash left undone', async () => {
    const line = { id: 'r', type: 'token.suspended', at: AT, token: 'key-1' }
    await take([line])
    await house.records.act('noteObserved', { tenantNo: house.tenant.no, id: 'key-1', change: { suspendedAt: null } })
    expect(await take([line])).toEqual(['repeated'])
    expect(await house.records.read.token(house.tenant.no, 'key-1')).toMatchObject({ suspendedAt: AT })
  })

  test('the life of a token of our own is not changed from outside', async () => {
    const token = {
      tenantNo: house.tenant.no,
      id: 'OurOwnToken12345',
      kind: 'access',
      prefix: 'ttk',
      ownerId: 'shop',
      scheme: 'sha256',
      digest: new Uint8Array(32),
      issuedAt: AT,
    } as const
    await house.records.act('issueToken', { token, at: AT, actor: SYSTEM })
    expect(
      await take([{ id: 'r', type: 'token.revoked', at: AT, token: token.id }, validation({ id: 'v', token: token.id })]),
    ).toEqual(['token_state', 'stored'])
    expect(await house.records.read.token(house.tenant.no, token.id)).toMatchObject({ ending: null })
  })

  test("a client's loss is declared once, by reason, and counts into what is missing", async () => {
    const line = { id: 'l', type: 'loss.declared', reason: 'client_buffer_full', count: 12, at: AT }
    expect(await take([line, line])).toEqual(['stored', 'repeated'])
    expect(house.journal.conservation('counted', house.tenant.no).dropped).toEqual({ client_buffer_full: 12 })
    expect((await observed()).filter(({ type }) => type === TYPES['loss.declared'].id)).toEqual([])
  })
})

test('labels are bounded per tenant', async () => {
  await take(Array.from({ length: 70 }, (_, i) => validation({ id: `s${i}`, service: `service-${i}` })))
  const services = new Set((await observed()).map(({ service }) => service))
  expect(services.size).toBe(65)
  expect(services.has('other')).toBe(true)
})

test('what is taken is conserved', async () => {
  await take([...Array.from({ length: 30 }, (_, i) => validation({ id: `c${i}` })), validation({ id: 'c0' }), {}])
  await house.journal.flush()
  const { received, stored, journalled, inFlight, coalesced, repeated } = house.journal.conservation('counted', house.tenant.no)
  expect(received).toBe(stored + journalled + inFlight + coalesced)
  expect({ received, repeated }).toEqual({ received: 30, repeated: 1 })
})

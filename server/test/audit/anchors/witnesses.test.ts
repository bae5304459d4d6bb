import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatNote, openCheckpoint, parseKey, parseNote, verifyInclusion, verifyNote } from 'tokentrail/log'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { anchoredOf } from '../../../src/audit/anchors/anchors.ts'
import { askWitnesses } from '../../../src/audit/anchors/witnessed.ts'
import { LOG_CRYPTO, TREE } from '../../../src/audit/crypto.ts'
import { systemDisk } from '../../../src/audit/disk.ts'
import { findFork } from '../../../src/audit/forks.ts'
import { makeLogKey } from '../../../src/audit/keys.ts'
import { newPlace, openLog, type OpenLog, type Place } from '../support.ts'
import { logOver, newWitness } from '../witness/support.ts'
import { anchored, answering, listeningWitness, witnessAt, type Anchored } from './support.ts'

let place: Place
let log: OpenLog
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  place = newPlace()
  log = await openLog(place)
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await log.close()
  place.remove()
})

async function start(...args: Parameters<typeof anchored>): Promise<Anchored> {
  const started = await anchored(...args)
  closing.push(() => started.anchors.close())
  return started
}

async function witness(name?: string) {
  const listening = await listeningWitness(place.keys, log, name)
  closing.push(() => listening.close())
  return listening
}

/** Grows the log and waits for its checkpoint. */
async function grow(count: number): Promise<number> {
  await log.issue(count)
  await log.audit.flush()
  return (await log.audit.state()).checkpoint?.size ?? 0
}

/** The signer of the open shard: who holds its key file can sign as the log. */
async function logSigner() {
  const { shard, origin } = await log.audit.state()
  const file = readdirSync(place.keys).find((name) => name.startsWith('log-key-') && name.endsWith(`-${shard}`)) ?? ''
  return makeLogKey(join(place.keys, file), origin).signer
}

describe('a witness', () => {
  test('cosigns each checkpoint; the note with its signature is kept and published', async () => {
    const one = await witness()
    const { anchors, alarms } = await start(log, [one.anchor])
    for (const count of [3, 300, 1]) {
      const size = await grow(count)
      await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBeGreaterThanOrEqual(size))
    }
    const { vkey, shard, size } = await log.audit.state()
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBe(size))
    const keys = { logs: [parseKey(LOG_CRYPTO.sha256, vkey)], witnesses: [one.key] }
    const kept = await log.records.read.newestCosigned(shard)
    expect(openCheckpoint(LOG_CRYPTO, kept?.note ?? '', keys)).toMatchObject({
      size: BigInt(size),
      cosignatures: [{ key: one.key }],
    })
    expect(readFileSync(join(log.dir, 'checkpoint'), 'utf8')).toBe(kept?.note)
    expect(anchoredOf(anchors.state(), shard)).toMatchObject({ size, by: 1, of: 1 })
    expect(await log.fsck()).toMatchObject({ differences: [] })
    expect(alarms).toEqual([])
  })

  test('is asked by several, and each signature stays with the note', async () => {
    const both = [await witness('w.example/1'), await witness('w.example/2')]
    const { anchors } = await start(
      log,
      both.map(({ anchor }) => anchor),
    )
    const size = await grow(5)
    await vi.waitFor(() => expect(anchors.state().map(({ held }) => held?.size)).toEqual([size, size]))
    const { shard } = await log.audit.state()
    const note = parseNote((await log.records.read.cosignedFor(shard, size))?.note ?? '')
    expect(
      verifyNote(
        LOG_CRYPTO,
        note,
        both.map(({ key }) => key),
      ),
    ).toHaveLength(2)
  })

  test('that knows more than we remember is asked from what it holds', async () => {
    const one = await witness()
    const first = await start(log, [one.anchor])
    const size = await grow(5)
    await vi.waitFor(() => expect(first.anchors.state()[0]?.held?.size).toBe(size))
    await first.anchors.close()
    await log.records.act('markAnchor', { name: one.anchor.name, shard: (await log.audit.state()).shard, size: 2, at: 0 })
    const second = await start(log, [one.anchor])
    const later = await grow(5)
    await vi.waitFor(() => expect(second.anchors.state()[0]).toMatchObject({ held: { size: later }, failure: null }))
  })

  test('that was rolled back is asked from where it fell back to, and that is said', async () => {
    const one = await witness()
    const first = await start(log, [one.anchor])
    const size = await grow(5)
    await vi.waitFor(() => expect(first.anchors.state()[0]?.held?.size).toBe(size))
    await first.anchors.close()
    const fresh = await witness('w.example/forgetful')
    const second = await start(log, [{ ...witnessAt(fresh.key, fresh.url), name: one.anchor.name }])
    const later = await grow(2)
    await vi.waitFor(() => expect(second.anchors.state()[0]?.held?.size).toBe(later))
    expect(second.anchors.state()[0]?.fellBackAt).not.toBeNull()
    expect(second.alarms).toEqual([])
  })

  test('that is slow holds up nobody: the log goes on, the next witness signs, the failure is said', async () => {
    const slow = await answering(() => ({ status: 200, stall: true }))
    closing.push(() => slow.close())
    const good = await witness('w.example/good')
    const stalling = witnessAt(newWitness(place.keys, [], 'w.example/slow').key, slow.url)
    const times = { everyMs: 1, timeoutMs: 100, backoffMs: { first: 5, max: 20 } }
    const { anchors } = await start(log, [stalling, good.anchor], { times })
    const size = await grow(3)
    await vi.waitFor(() => expect(anchors.state()[1]?.held?.size).toBe(size))
    await vi.waitFor(() => expect(anchors.state()[0]?.failure).toMatch(/No answer within 100 ms/))
    await vi.waitFor(() => expect(anchors.state()[0]?.failures).toBeGreaterThan(1))
    expect(await grow(1)).toBeGreaterThan(size)
  })

  test('that is away is tried again until it is there', async () => {
    const away = await answering(() => ({ status: 503 }))
    const { anchors } = await start(log, [witnessAt(newWitness(place.keys, [], 'w.example/away').key, away.url)])
    await grow(3)
    await vi.waitFor(() => expect(anchors.state()[0]?.failure).toMatch(/answered 503/))
    await away.close()
    await vi.waitFor(() => expect(anchors.state()[0]?.failure).toMatch(/cannot be reached \(ECONNREFUSED\)/))
    expect(anchors.state()[0]?.held).toBeNull()
  })
})

describe('a proof', () => {
  test('stands under a cosigned checkpoint as soon as there is one', async () => {
    const [id = ''] = await log.issue(1)
    await log.audit.flush()
    const bare = await log.audit.proof(id)
    expect(parseNote(bare?.checkpoint ?? '').signatures).toHaveLength(1)
    const one = await witness()
    const { anchors } = await start(log, [one.anchor])
    const size = await grow(300)
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBe(size))
    const proof = await log.audit.proof(id)
    const { origin, vkey } = await log.audit.state()
    const keys = { logs: [parseKey(LOG_CRYPTO.sha256, vkey)], witnesses: [one.key] }
    const opened = openCheckpoint(LOG_CRYPTO, proof?.checkpoint ?? '', keys)
    expect(opened).toMatchObject({ origin, cosignatures: [{ key: one.key }] })
    const { entry, hashes = [] } = proof ?? {}
    const claim = {
      index: entry?.index ?? 0,
      size: opened.size,
      leaf: TREE.leaf(entry?.bytes ?? TREE.empty),
      proof: hashes,
      root: opened.root,
    }
    expect(verifyInclusion(TREE, claim)).toBe(true)
  })

  test('is not given without one where a witness is required', async () => {
    await log.close()
    log = await openLog(place, { witnessRequired: true })
    const [id = ''] = await log.issue(1)
    await log.audit.flush()
    await expect(log.audit.proof(id)).rejects.toEqual(expect.objectContaining({ code: 'proof_pending' }))
    const one = await witness()
    await start(log, [one.anchor])
    await grow(1)
    expect(parseNote((await log.audit.proof(id, { waitMs: 10_000 }))?.checkpoint ?? '').signatures).toHaveLength(2)
  })
})

describe('a witness that lies', () => {
  test.each([
    [
      'with a signature that is none',
      () => ({ status: 200, body: '— w.example/liar YWFhYWFhYWFhYWE=\n' }),
      /signature that its key has not made/,
    ],
    ['with text', () => ({ status: 200, body: 'ok\n' }), /signature that its key has not made/],
    [
      'with a size that it cannot show',
      (path: string) => (path === '/add-checkpoint' ? { status: 409, body: '999999\n' } : { status: 404 }),
      /shows no checkpoint of it/,
    ],
    ['with 409 without a size', () => ({ status: 409, body: 'no\n' }), /409 without a size/],
    [
      'with a refusal that it cannot explain',
      (path: string) => (path === '/add-checkpoint' ? { status: 422 } : { status: 404 }),
      /shows none that the log's key has signed/,
    ],
    ['with a redirect', () => ({ status: 302 }), /cannot be reached|answered 302/],
    ['with an answer that is too long', () => ({ status: 200, body: 'x'.repeat(200_000) }), /larger than 128 KiB/],
  ] as const)('%s stops nothing and raises no alarm', async (_what, answer, failure) => {
    const liar = await answering(answer)
    closing.push(() => liar.close())
    const { anchors, alarms } = await start(log, [witnessAt(newWitness(place.keys, [], 'w.example/liar').key, liar.url)])
    await grow(3)
    await vi.waitFor(() => expect(anchors.state()[0]?.failure).toMatch(failure))
    expect(anchors.state()[0]?.held).toBeNull()
    expect(alarms).toEqual([])
    expect(await log.records.read.newestCosigned((await log.audit.state()).shard)).toBeNull()
  })
})

describe('what the log itself has signed', () => {
  test('beyond what the records hold is a restored backup: alarmed once, and told at the start', async () => {
    const one = await witness()
    const twin = logOver(await logSigner(), 'what was lost')
    expect(await one.witness.addCheckpoint(await twin.body(0, 5000))).toMatchObject({ status: 200 })
    const { alarms, anchors } = await start(log, [one.anchor])
    await grow(3)
    await vi.waitFor(() => expect(alarms).toMatchObject([{ check: 'restore', anchor: one.anchor.name, size: 5000 }]))
    const failures = anchors.state()[0]?.failures ?? 0
    await vi.waitFor(() => expect(anchors.state()[0]?.failures).toBeGreaterThan(failures))
    expect(alarms).toHaveLength(1)
    const { origin } = await log.audit.state()
    expect(await askWitnesses({ anchors: [one.anchor], records: log.records, log: log.log })).toEqual([
      { witness: one.anchor.name, origin, size: 5000 },
    ])
  })

  test('while another server goes on is no backup: the head is read after what it is compared with', async () => {
    const { origin } = await log.audit.state()
    const witnessed = async () => [{ witness: 'w', origin, size: await grow(5) }]
    const keyFile = join(place.keys, 'log-key')
    expect(await findFork({ records: log.records, dir: log.dir, keyFile, disk: systemDisk, witnessed })).toBeNull()
    const ahead = async () => [{ witness: 'w', origin, size: (await grow(5)) + 1000 }]
    expect(await findFork({ records: log.records, dir: log.dir, keyFile, disk: systemDisk, witnessed: ahead })).toMatchObject({
      why: expect.stringMatching(/The witness w has seen size/) as string,
    })
  })

  test('with another root is a second history: alarmed', async () => {
    const one = await witness()
    const twin = logOver(await logSigner(), 'another history')
    expect(await one.witness.addCheckpoint(await twin.body(0, 2))).toMatchObject({ status: 200 })
    const { alarms } = await start(log, [one.anchor])
    await grow(5)
    await vi.waitFor(() => expect(alarms).toMatchObject([{ check: 'fork', anchor: one.anchor.name, size: 2 }]))
  })

  test('at the start a witness that is away or lies is passed over', async () => {
    const away = await answering(() => ({ status: 200, body: formatNote({ text: 'x\n', signatures: [] }) }))
    closing.push(() => away.close())
    const anchors = [
      witnessAt(newWitness(place.keys, [], 'w.example/x').key, away.url),
      witnessAt(newWitness(place.keys, [], 'w.example/y').key, 'http://127.0.0.1:1'),
    ]
    expect(await askWitnesses({ anchors, records: log.records, log: log.log })).toEqual([])
  })
})

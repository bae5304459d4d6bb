import { expect, test } from 'vitest'
import { createTokentrail } from '../src/index.ts'
import { OPTIONS, createNetwork, storeAll } from './network.ts'
import type { IngestEvent } from '../src/index.ts'

const EVENT = { outcome: 'accepted', reason: 'valid', token: 'k1' } as const
const linesOf = (requests: readonly { body: unknown }[]): IngestEvent[] =>
  requests.flatMap((request) => request.body as IngestEvent[])

test('every recorded event reaches the server once, in order, with an id of its own', async () => {
  const network = createNetwork(storeAll)
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch, service: 'orders', batchCountMax: 7 })
  for (let i = 0; i < 50; i++) trail.record({ ...EVENT, requestId: String(i) })
  await trail.flush()
  const lines = linesOf(network.requests)
  expect(lines.map((line) => line.requestId)).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
  expect(new Set(lines.map((line) => line.id)).size).toBe(50)
  expect(lines.every((line) => line.service === 'orders')).toBe(true)
  expect(trail.statistics()).toMatchObject({
    recorded: 50,
    stored: 50,
    waiting: 0,
    lost: { client_buffer_full: 0, client_gave_up: 0 },
  })
})

test('a retry carries the same ids, so that the server takes each event once', async () => {
  let tries = 0
  const network = createNetwork((request) => (++tries < 3 ? { status: 503 } : storeAll(request)))
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch, random: () => 0 })
  trail.record(EVENT)
  await trail.flush()
  const ids = linesOf(network.requests).map((line) => line.id)
  expect(ids).toHaveLength(3)
  expect(new Set(ids).size).toBe(1)
  expect(trail.statistics().stored).toBe(1)
})

test('a full buffer loses the newest, counts it, and declares it to the server', async () => {
  const gate = Promise.withResolvers<void>()
  const network = createNetwork(async (request) => {
    await gate.promise
    return storeAll(request)
  })
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch, bufferCountMax: 10, batchCountMax: 5 })
  const taken = Array.from({ length: 25 }, () => trail.record(EVENT))
  gate.resolve()
  await trail.flush()
  trail.record(EVENT)
  await trail.flush()
  expect(taken.filter(Boolean)).toHaveLength(10)
  expect(trail.statistics()).toMatchObject({ recorded: 26, stored: 11, lost: { client_buffer_full: 15 } })
  const declared = linesOf(network.requests).filter((line) => line.type === 'loss.declared')
  expect(declared.reduce((sum, line) => sum + (line.count ?? 1), 0)).toBe(15)
})

test('what is given up is counted, and recorded always equals its parts', async () => {
  const network = createNetwork(() => 'unreachable')
  const failures: string[] = []
  const trail = createTokentrail({
    ...OPTIONS,
    fetch: network.fetch,
    triesMax: 2,
    random: () => 0,
    onFailure: (error) => failures.push(error.code),
  })
  for (let i = 0; i < 3; i++) trail.record(EVENT)
  await trail.flush()
  const { recorded, stored, repeated, rejected, waiting, lost } = trail.statistics()
  expect(recorded).toBe(stored + repeated + rejected + waiting + lost.client_buffer_full + lost.client_gave_up)
  expect(lost.client_gave_up).toBe(3)
  expect(failures).toEqual(['unreachable', 'unreachable'])
})

test('a batch too large for the server is halved until it fits', async () => {
  const network = createNetwork((request) => ((request.body as unknown[]).length > 3 ? { status: 413 } : storeAll(request)))
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch })
  for (let i = 0; i < 20; i++) trail.record(EVENT)
  await trail.flush()
  expect(trail.statistics()).toMatchObject({ stored: 20, lost: { client_gave_up: 0 } })
})

test('a batch the server refuses for good is not sent again', async () => {
  const network = createNetwork(() => ({ status: 400, body: { title: 'no' } }))
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch })
  trail.record(EVENT)
  await trail.flush()
  expect(network.requests).toHaveLength(1)
  expect(trail.statistics().lost.client_gave_up).toBe(1)
})

test('a wrapped verifier gives what it gave before, and its verdicts are recorded without the text', async () => {
  const network = createNetwork(storeAll)
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch })
  const verify = trail.wrapVerifier((text: string) => {
    if (text === 'boom') throw new RangeError('boom')
    return text === 'good-secret' ? { user: 7 } : null
  })
  expect(await verify('good-secret')).toEqual({ user: 7 })
  expect(await verify('bad-secret')).toBeNull()
  await expect(verify('boom')).rejects.toThrow(RangeError)
  await expect.poll(() => trail.statistics().recorded).toBe(3)
  await trail.flush()
  const lines = linesOf(network.requests)
  expect(lines.map((line) => line.outcome)).toEqual(['accepted', 'rejected', 'rejected'])
  expect(lines[1]?.credential).toMatch(/^[0-9a-f]{64}$/)
  expect(JSON.stringify(network.requests)).not.toMatch(/good-secret|bad-secret/)
})

test('a wrapped verifier may name the token and the reason', async () => {
  const network = createNetwork(storeAll)
  const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch })
  const verify = trail.wrapVerifier(
    (key: { id: string }) => key.id === 'k1',
    (outcome, key) => ({ token: key.id, ...('result' in outcome && !outcome.result ? { reason: 'revoked' as const } : {}) }),
  )
  await verify({ id: 'k2' })
  await expect.poll(() => trail.statistics().recorded).toBe(1)
  await trail.flush()
  expect(linesOf(network.requests)[0]).toMatchObject({ token: 'k2', outcome: 'rejected', reason: 'revoked' })
})

test.each([
  ['url', { url: 'trail.test' }],
  ['token', { token: 'has space' }],
  ['bufferCountMax', { bufferCountMax: 0 }],
  ['batchCountMax', { batchCountMax: 5000 }],
])('a wrong option %s shows when the client is made', (name, wrong) => {
  expect(() => createTokentrail({ ...OPTIONS, ...wrong })).toThrow(
    expect.objectContaining({ code: 'option_invalid', message: expect.stringContaining(name) }),
  )
})

test('no failure names the credential', async () => {
  const messages: string[] = []
  const network = createNetwork(() => ({ status: 401 }))
  const trail = createTokentrail({
    ...OPTIONS,
    fetch: network.fetch,
    triesMax: 1,
    onFailure: (error) => messages.push(String(error) + JSON.stringify(error)),
  })
  trail.record(EVENT)
  await trail.flush()
  expect(messages).toHaveLength(1)
  expect(messages.join()).not.toContain(OPTIONS.token)
})

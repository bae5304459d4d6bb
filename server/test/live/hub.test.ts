import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LiveMessage } from '../../src/live/messages.ts'
import { createLiveHub, type LiveHub } from '../../src/live/hub.ts'
import { type Front, openFront } from '../http/support.ts'

let front: Front
let hub: LiveHub
let validate: () => Promise<unknown>
beforeAll(async () => {
  front = await openFront()
  hub = createLiveHub({ journal: front.journal, records: front.records, clock: front.clock })
  const admin = await front.token({ role: 'admin' })
  validate = () => front.call(admin.text, 'POST', '/v1/validate', { token: 'junk' })
})
afterAll(async () => {
  hub.close()
  await front.close()
})

describe('the live hub', () => {
  test('drops a listener that cannot take more, and keeps the others', async () => {
    const [slow, quick]: [LiveMessage[], LiveMessage[]] = [[], []]
    hub.subscribe(front.own.no, { events: true }, (message) => {
      slow.push(message)
      return message.name === 'watermark' && slow.length === 1
    })
    const leave = hub.subscribe(front.own.no, { events: true }, (message) => quick.push(message) > 0)
    await validate()
    await vi.waitFor(() => expect(quick.filter(({ name }) => name === 'event').length).toBeGreaterThan(0), 5000)
    expect(slow.map(({ name }) => name)).toEqual(['watermark', 'counts'])
    expect(hub.subscribers()).toBe(1)
    leave()
    expect(hub.subscribers()).toBe(0)
  })

  test('tells nobody of another tenant', async () => {
    const [own, other]: [LiveMessage[], LiveMessage[]] = [[], []]
    const leaves = [
      hub.subscribe(front.own.no, { events: true }, (message) => own.push(message) > 0),
      hub.subscribe(front.other.no, { events: true }, (message) => other.push(message) > 0),
    ]
    await validate()
    await vi.waitFor(() => expect(own.some(({ name }) => name === 'event')).toBe(true), 5000)
    expect(other.map(({ name }) => name)).toEqual(['watermark'])
    for (const leave of leaves) leave()
  })

  test('says that it stops', () => {
    const heard: LiveMessage[] = []
    const stopping = createLiveHub({ journal: front.journal, records: front.records, clock: front.clock })
    stopping.subscribe(front.own.no, { events: false }, (message) => heard.push(message) > 0)
    stopping.close()
    expect(heard.at(-1)).toMatchObject({ name: 'notice', data: { code: 'stopping' } })
    expect(stopping.subscribers()).toBe(0)
  })
})

import type { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Front, openFront } from '../http/support.ts'

let front: Front
let admin: string
beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin', owner: 'boss' })).text
})
afterAll(() => front.close())

async function listen(text: string) {
  const headers = { authorization: `Bearer ${text}` }
  const answer = await front.app.inject({ method: 'GET', url: '/v1/live', headers, payloadAsStream: true })
  const stream = answer.stream() as PassThrough
  let heard = ''
  let ended = false
  stream.on('data', (chunk: Buffer) => void (heard += chunk.toString()))
  stream.on('end', () => void (ended = true))
  return { heard: () => heard, ended: () => ended, close: () => void stream.destroy() }
}

const grantsOf = async (id: string) => front.records.read.grantsOf((await front.records.read.token(front.own.no, id))!.no)

test('a stream shows no message after the role of its reader was taken away, and ends', async () => {
  const reader = await front.token({ role: 'analyst', owner: 'carol' })
  const stream = await listen(reader.text)
  const { text: token } = await front.token({ owner: 'svc' })
  const validate = (service: string) => front.call(admin, 'POST', '/v1/validate', { token, service })
  await validate('before-it')
  await vi.waitFor(() => expect(stream.heard()).toContain('before-it'), 5000)
  const [grant] = await grantsOf(reader.id)
  await front.call(admin, 'POST', '/v1/roles/remove', { grant: grant!.id, ground: 'left' })
  await validate('after-it')
  await front.rows()
  await vi.waitFor(() => expect(stream.ended()).toBe(true), 5000)
  expect(stream.heard()).toContain('signed_out')
  expect(stream.heard()).not.toContain('after-it')
})

test('a stream goes on when a role that it does not need is taken away', async () => {
  const reader = await front.token({ role: 'analyst', owner: 'dave' })
  const more = await front.call(admin, 'POST', '/v1/roles/grant', { token: reader.id, role: 'viewer', ground: 'too' })
  const stream = await listen(reader.text)
  await front.call(admin, 'POST', '/v1/roles/remove', { grant: more.body.id, ground: 'not needed' })
  const { text: token } = await front.token({ owner: 'svc' })
  await vi.waitFor(async () => {
    await front.call(admin, 'POST', '/v1/validate', { token, service: 'still-on' })
    expect(stream.heard()).toContain('still-on')
  }, 10_000)
  expect(stream.ended()).toBe(false)
  stream.close()
})

import { expect, test } from 'vitest'
import { FORMATS } from '../../src/connect/formats.ts'
import { parseLine } from '../../src/connect/line.ts'

const okta = {
  uuid: '2a992f80',
  published: '2026-01-08 21:28:34.875',
  eventType: 'system.api_token.create',
  actor: { id: '00u3q', alternateId: 'ann@example.com', displayName: 'Ann Example', type: 'User' },
  client: { ipAddress: '192.0.2.7', userAgent: { rawUserAgent: 'Mozilla/5.0' } },
  outcome: { result: 'SUCCESS' },
  target: [{ type: 'Token', displayName: 'my key' }],
}

test('a record becomes a fact with its action and technical words, without names', () => {
  const mapped = FORMATS.okta.map(okta)
  if ('refused' in mapped) throw new Error(mapped.refused)
  const [event] = mapped.events
  expect(event).toMatchObject({
    id: 'okta:2a992f80',
    service: 'okta',
    route: 'system.api_token.create',
    ip: '192.0.2.7',
    actor: '00u3q',
  })
  expect(event.detail).toEqual({ 'outcome.result': 'SUCCESS', 'target.type': 'Token', 'actor.type': 'User' })
  expect(JSON.stringify(event)).not.toMatch(/ann|Ann|my key/)
  expect(parseLine(event).at).toBe(Date.UTC(2026, 0, 8, 21, 28, 34, 875))
})

test('of a command only paths are kept, and the wrapping of another cloud is taken off', () => {
  const record = {
    verb: 'create',
    user: { username: 'ann@example.com' },
    requestReceivedTimestamp: '2026-01-08T21:28:34Z',
    objectRef: { resource: 'pods', subresource: 'exec' },
    requestObject: { command: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token', '--password=hunter2'] },
  }
  for (const given of [record, { properties: { log: JSON.stringify(record) } }]) {
    const mapped = FORMATS.kubernetes.map(given)
    if ('refused' in mapped) throw new Error(mapped.refused)
    expect(mapped.events[0].detail).toEqual({
      'objectRef.resource': 'pods',
      'objectRef.subresource': 'exec',
      'requestObject.paths': '/var/run/secrets/kubernetes.io/serviceaccount/token',
    })
  }
})

test.each([
  ['text', 'Expected a JSON object'],
  [{ uuid: 'a' }, 'Expected a time at /published'],
])('what is no record is refused: %j', (record, message) => {
  const mapped = FORMATS.okta.map(record)
  expect('refused' in mapped && mapped.refused).toContain(message)
})

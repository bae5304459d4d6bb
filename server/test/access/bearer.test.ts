import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront, SYSTEM } from '../http/support.ts'

let front: Front
beforeAll(async () => {
  front = await openFront()
})
afterAll(() => front.close())

describe('what is remembered of a token for a second', () => {
  test('is nothing where the door looks at the method', async () => {
    const input = { kind: 'access', owner: 'reader', role: 'admin', methods: ['GET'] } as const
    const { token } = await front.issuer.issue({ tenantNo: front.own.no, actor: SYSTEM, input })
    expect((await front.call(token, 'GET', '/v1/tokens')).status).toBe(200)
    expect((await front.call(token, 'POST', '/v1/tokens', { owner: 'a' })).status).toBe(403)
  })

  test('is nothing where uses are counted', async () => {
    const input = { kind: 'access', owner: 'thrice', role: 'admin', usesMax: 3 } as const
    const { token } = await front.issuer.issue({ tenantNo: front.own.no, actor: SYSTEM, input })
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) statuses.push((await front.call(token, 'GET', '/v1/tokens')).status)
    expect(statuses).toEqual([200, 200, 200, 401, 401])
  })

  test('is nothing of a token that was revoked while it was judged', async () => {
    for (let i = 0; i < 20; i++) {
      const { text, id } = await front.token({ role: 'admin', owner: `racer ${i}` })
      await Promise.all([
        front.call(text, 'GET', '/v1/imports'),
        front.issuer.revoke({ tenantNo: front.own.no, actor: SYSTEM, id, reason: 'leaked' }),
      ])
      expect((await front.call(text, 'GET', '/v1/imports')).status).toBe(401)
    }
  })

  test('is for one address only', async () => {
    const input = { kind: 'access', owner: 'bound', role: 'admin', cidrs: ['10.0.0.0/8'] } as const
    const { token } = await front.issuer.issue({ tenantNo: front.own.no, actor: SYSTEM, input })
    const from = (remoteAddress: string) => front.call(token, 'GET', '/v1/imports', undefined, { remoteAddress })
    expect([(await from('10.1.1.1')).status, (await from('192.0.2.1')).status]).toEqual([200, 403])
  })
})

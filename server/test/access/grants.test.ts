import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startAccessDuties } from '../../src/access/duties.ts'
import { collectingLog } from '../records/fixture.ts'
import { type Front, openFront } from '../http/support.ts'
import { type Player, playerOf } from './cast.ts'

let front: Front
let alice: Player
let bob: Player

beforeEach(async () => {
  front = await openFront()
  alice = await playerOf(front, 'admin', front.own, 'alice')
  bob = await playerOf(front, 'admin', front.own, 'bob')
})
afterEach(() => front.close())

const enforce = async (): Promise<void> => {
  const { status, body } = await alice.call('POST', '/v1/separation', { separation: 'enforced', ground: 'two of us now' })
  expect([status, body]).toEqual([200, { separation: 'enforced' }])
}
const grant = (who: Player, body: object) => who.call('POST', '/v1/roles/grant', { ground: 'needed', ...body })
const events = async (type: number) =>
  (await front.rows()).filter((row) => row.type === type).map(({ detail }) => JSON.parse(detail))

describe('a role', () => {
  test('is granted and taken away, at once, with its events', async () => {
    await enforce()
    const { text, id } = await front.token({ role: 'viewer', owner: 'vera' })
    const read = () => front.call(text, 'GET', '/v1/findings')
    expect((await read()).status).toBe(403)
    const given = await grant(alice, { token: id, role: 'analyst' })
    expect([given.status, given.body.role, given.body.scope]).toEqual([200, 'analyst', 'tenant'])
    expect((await read()).status).toBe(200)
    expect((await alice.call('POST', '/v1/roles/remove', { grant: given.body.id, ground: 'done' })).status).toBe(200)
    expect((await read()).status).toBe(403)
    expect((await events(507)).at(-1)).toMatchObject({ role: 'analyst', grant: given.body.id, ground: 'needed' })
    expect((await events(508)).at(-1)).toMatchObject({ role: 'analyst', ground: 'done' })
  })

  test('until a time ends by itself, also where nobody notes it', async () => {
    await enforce()
    const { text, id } = await front.token({ role: 'viewer', owner: 'vera' })
    const until = front.clock.now() + 60_000
    expect((await grant(alice, { token: id, role: 'analyst', until })).status).toBe(200)
    expect((await front.call(text, 'GET', '/v1/findings')).status).toBe(200)
    front.clock.move(60_000)
    expect((await front.call(text, 'GET', '/v1/findings')).status).toBe(403)
    const duties = startAccessDuties({
      records: front.records,
      clock: front.clock,
      installTenantNo: front.own.no,
      log: collectingLog(),
    })
    await duties.run()
    duties.close()
    expect((await events(508)).at(-1)).toMatchObject({ role: 'analyst', ground: 'its time is over' })
  })

  test('that conflicts with another of the same person is refused, also by another token', async () => {
    await enforce()
    const { id } = await front.token({ role: 'viewer', owner: 'alice' })
    const answer = await grant(bob, { token: id, role: 'auditor' })
    expect([answer.status, answer.body.approval?.state]).toEqual([202, 'requested'])
    expect((await alice.call('POST', `/v1/approvals/${answer.body.approval.id}/give`, {})).status).toBe(200)
    const again = await grant(bob, { token: id, role: 'auditor', approval: answer.body.approval.id })
    expect([again.status, again.body.code]).toEqual([409, 'role_conflict'])
  })

  test('that is heavy needs a second person, and exactly what was agreed to', async () => {
    await enforce()
    const { id } = await front.token({ role: 'viewer', owner: 'vera' })
    const asked = await grant(bob, { token: id, role: 'log_custodian' })
    expect(asked.status).toBe(202)
    const { id: approval } = asked.body.approval
    const give = (who: Player) => who.call('POST', `/v1/approvals/${approval}/give`, {})
    expect((await grant(bob, { token: id, role: 'log_custodian', approval })).body.code).toBe('approval_missing')
    expect((await give(bob)).body.code).toBe('approval_own')
    expect((await give(alice)).body.state).toBe('given')
    expect((await grant(bob, { token: id, role: 'auditor', approval })).body.code).toBe('approval_differs')
    expect((await grant(alice, { token: id, role: 'log_custodian', approval })).body.code).toBe('approval_differs')
    expect((await grant(bob, { token: id, role: 'log_custodian', approval })).body.role).toBe('log_custodian')
    expect((await grant(bob, { token: id, role: 'log_custodian', approval })).body.code).toBe('approval_missing')
    expect([(await events(715)).length, (await events(716)).length]).toEqual([1, 1])
  })

  test('that was agreed to more than 24 hours ago is asked for again', async () => {
    await enforce()
    const { id } = await front.token({ role: 'viewer', owner: 'vera' })
    const { body } = await grant(bob, { token: id, role: 'auditor' })
    await alice.call('POST', `/v1/approvals/${body.approval.id}/give`, {})
    const tenantNo = front.own.no
    front.clock.move(24 * 3_600_000)
    const owner = (await front.records.read.owner(tenantNo, 'bob'))!
    const late = {
      tenantNo,
      id: body.approval.id,
      given: true,
      at: front.clock.now(),
      actor: { no: owner.no, kind: 'person' },
    } as const
    await expect(front.records.act('decideApproval', late)).rejects.toMatchObject({ code: 'approval_lapsed' })
    expect((await front.records.read.approval(tenantNo, body.approval.id))?.state).toBe('lapsed')
  })

  test('is given to nobody by themselves', async () => {
    await enforce()
    expect((await grant(alice, { token: alice.tokenId, role: 'token_admin' })).body.code).toBe('not_permitted')
  })

  test('of the last admin stays', async () => {
    const people = (await alice.call('GET', '/v1/people')).body.people as {
      owner: string
      grants: { id: string; role: string }[]
    }[]
    const of = (owner: string) => people.find((person) => person.owner === owner)?.grants[0]?.id
    const remove = (id: string | undefined) => alice.call('POST', '/v1/roles/remove', { grant: id, ground: 'left' })
    expect((await remove(of('bob'))).status).toBe(200)
    expect((await remove(of('alice'))).body.code).toBe('role_last')
  })
})

describe('somebody else’s role', () => {
  test('is had neither by a link nor by rotating the token that has it', async () => {
    await enforce()
    const { id } = await front.token({ role: 'analyst', owner: 'carol' })
    expect((await alice.call('POST', '/v1/sign-in-links', { token: id })).body.code).toBe('not_permitted')
    expect((await alice.call('POST', '/v1/sign-in-links', {})).status).toBe(201)
    const tom = await front.token({ role: 'token_admin', owner: 'tom' })
    expect((await front.call(tom.text, 'POST', `/v1/tokens/${id}/rotate`, {})).body.code).toBe('not_permitted')
  })
})

describe('while separation of duties is waived', () => {
  test('one person does both parts, and the log says so', async () => {
    const { id } = await front.token({ role: 'viewer', owner: 'vera' })
    const { status, body } = await grant(alice, { token: id, role: 'auditor' })
    expect([status, body.role, body.waived]).toEqual([200, 'auditor', true])
    expect((await events(716)).at(-1)).toMatchObject({ action: 'role.grant', waived: true })
    const approvals = (await alice.call('GET', '/v1/approvals')).body.items
    expect(approvals[0]).toMatchObject({ state: 'spent', selfApproved: true, requester: 'alice', decider: 'alice' })
  })

  test('roles that conflict are written down and sought, and must go before it is enforced', async () => {
    expect((await grant(alice, { token: alice.tokenId, role: 'auditor' })).body.waived).toBe(true)
    const duties = startAccessDuties({
      records: front.records,
      clock: front.clock,
      installTenantNo: front.own.no,
      log: collectingLog(),
    })
    expect(await duties.run()).toEqual([expect.stringContaining('both admin and auditor')])
    duties.close()
    const refused = await bob.call('POST', '/v1/separation', { separation: 'enforced', ground: 'now' })
    expect([refused.status, refused.body.code]).toEqual([409, 'role_conflict'])
  })

  test('nobody breaks glass to become more than they are', async () => {
    const vera = await playerOf(front, 'viewer', front.own, 'vera')
    const until = front.clock.now() + 3_600_000
    const answer = await vera.call('POST', '/v1/roles/break-glass', { role: 'admin', until, ground: 'fire' })
    expect([answer.status, answer.body.code]).toEqual([403, 'not_permitted'])
  })
})

describe('in an emergency', () => {
  test('a role is given for hours by a second person, and reviewed by a third', async () => {
    await enforce()
    const vera = await playerOf(front, 'responder', front.own, 'vera')
    const ask = (body: object) => vera.call('POST', '/v1/roles/break-glass', { role: 'token_admin', ground: 'fire', ...body })
    const hours = (count: number) => front.clock.now() + count * 3_600_000
    const asked = await ask({ until: hours(4) })
    expect(asked.status).toBe(202)
    const { id } = asked.body.approval
    await alice.call('POST', `/v1/approvals/${id}/give`, {})
    const given = await ask({ until: hours(4), approval: id })
    expect(given.body).toMatchObject({ role: 'token_admin', breakGlass: true, reviewedAt: null })
    expect((await vera.call('POST', '/v1/tokens', { owner: 'svc' })).status).toBe(201)
    front.clock.move(6 * 86_400_000)
    const duties = startAccessDuties({
      records: front.records,
      clock: front.clock,
      installTenantNo: front.own.no,
      log: collectingLog(),
    })
    expect(await duties.run()).toEqual([expect.stringContaining('was not reviewed within 5 days')])
    const actor = async (owner: string) =>
      ({ no: (await front.records.read.owner(front.own.no, owner))!.no, kind: 'person' }) as const
    const review = { tenantNo: front.own.no, id: given.body.id, note: 'it burned', at: front.clock.now() }
    const byHolder = front.records.act('reviewBreakGlass', { ...review, actor: await actor('vera') })
    await expect(byHolder).rejects.toMatchObject({ code: 'review_own' })
    await front.records.act('reviewBreakGlass', { ...review, actor: await actor('bob') })
    expect(await duties.run()).toEqual([])
    expect((await events(720)).at(-1)).toMatchObject({ review: 'break-glass', note: 'it burned' })
    duties.close()
    expect((await front.call(vera.text, 'POST', '/v1/tokens', { owner: 'svc' })).status).toBe(403)
  })

  test('not for longer than 4 hours', async () => {
    const until = front.clock.now() + 5 * 3_600_000
    const answer = await alice.call('POST', '/v1/roles/break-glass', { role: 'auditor', until, ground: 'fire' })
    expect([answer.status, answer.body.code]).toEqual([400, 'role_invalid'])
  })
})

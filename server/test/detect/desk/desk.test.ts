import { KINDS, POPULATIONS, TYPES } from 'tokentrail'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDesk, type Desk } from '../../../src/detect/desk/desk.ts'
import type { NoticeSent } from '../../../src/detect/desk/docket.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'
import type { TokenRecord } from '../../../src/records/records.ts'
import { DAY, HOUR, NOW, useHouse } from '../../query/house.ts'
import { found } from './found.ts'

const house = useHouse()
const ADMIN = { no: 7, kind: 'person' } as const

let tenant: number
let token: TokenRecord
let desk: Desk
let told: NoticeSent[]
let faults: object[]
let journalled: EventRow[]

beforeEach(async () => {
  tenant = await house().tenant()
  token = await house().token(tenant, { id: `tok-${tenant}`, name: 'CI deploy' })
  told = []
  faults = []
  journalled = []
  const { records, ask } = house()
  const log = { info() {}, warn: (facts: object) => void faults.push(facts), error: (facts: object) => void faults.push(facts) }
  const journal = { append: async (row: EventRow) => (journalled.push(row), 'journalled' as const) }
  desk = createDesk({ records, journal, ask, clock: { now: () => NOW, ticks: () => 0 }, log })
  desk.onNotice((_tenant, notice) => told.push(notice))
})
afterEach(() => {
  if (faults.length > 0) throw new Error(`something failed that should not: ${JSON.stringify(faults)}`)
})

function seen(differs: Partial<Found> = {}): Found {
  const facts = found().facts
  return found({
    tenant,
    detectedAt: NOW - HOUR,
    subject: { kind: 'token', key: String(token.no) },
    facts: { ...facts, token: { as: 'token', value: token.no } },
    ...differs,
  })
}

const findings = () => house().records.read.findings({ tenantNo: tenant }, { limit: 100 })

describe('taking', () => {
  test('keeps once what is said often and at once', async () => {
    const one = seen()
    await Promise.all([desk.take([one]), desk.take([one, one]), desk.take([])])
    expect(await findings()).toMatchObject([{ repeats: 0, notice: 'sent' }])
    expect(told).toHaveLength(1)
  })

  test('two desks on the same records keep everything once, and spend one budget', async () => {
    const { records, ask } = house()
    const log = { info() {}, warn() {}, error() {} }
    const other = createDesk({
      records,
      journal: { append: async () => 'journalled' },
      ask,
      clock: { now: () => NOW, ticks: () => 0 },
      log,
    })
    const some = Array.from({ length: 20 }, (_, i) => seen({ subject: { kind: 'source', key: i.toString(16) } }))
    await Promise.all(some.flatMap((each) => [desk.take([each]), other.take([each])]))
    const kept = await findings()
    expect(kept).toHaveLength(20)
    expect(kept.filter(({ notice }) => notice === 'sent')).toHaveLength(5)
    expect(kept.every(({ repeats }) => repeats === 0)).toBe(true)
  })

  test('what is suppressed becomes a counted event, and hits', async () => {
    await desk.take([seen()])
    const [finding] = await findings()
    const { suppression } = await desk.suppress(tenant, finding!.id, { reason: 'roaming', until: NOW + DAY }, ADMIN)
    await desk.take([seen({ detectedAt: NOW })])
    expect(journalled).toMatchObject([{ type: TYPES['finding.suppressed'].id, tenant, tokenNo: token.no }])
    expect(await house().records.read.suppressions(tenant, NOW)).toMatchObject([{ id: suppression.id, hits: 1 }])
    expect(await findings()).toMatchObject([{ state: 'suppressed', repeats: 1 }])
    expect(told).toHaveLength(1)
  })

  test.each([
    ['too long', { until: NOW + 91 * DAY }, 'time_invalid', '/until'],
    ['already over', { until: NOW }, 'time_invalid', '/until'],
    ['for every subject and value', { until: NOW + DAY, anySubject: true }, 'parameter_invalid', '/fact'],
    ['by a fact that there is not', { until: NOW + DAY, fact: 'constructor' }, 'parameter_invalid', '/fact'],
  ])('a suppression %s is refused', async (_name, wish, code, input) => {
    await desk.take([seen()])
    const [finding] = await findings()
    await expect(desk.suppress(tenant, finding!.id, { reason: 'x', ...wish }, ADMIN)).rejects.toMatchObject({ code, input })
    expect((await findings())[0]?.state).toBe('open')
  })

  test('of an exact critical detector a suppression waits for a second person', async () => {
    await desk.take([seen({ detector: 'canary', severity: 'critical' })])
    const [finding] = await findings()
    const done = await desk.suppress(tenant, finding!.id, { reason: 'test window', until: NOW + DAY }, ADMIN)
    expect([done.suppression.needsApproval, done.finding.state]).toEqual([true, 'open'])
  })

  test('a finding that can never be kept is said, and holds up no other', async () => {
    const timeless = seen({ subject: { kind: 'source', key: 'b' }, from: Number.NaN })
    const endless = seen({ subject: { kind: 'source', key: 'c' } })
    const circular = { ...endless, facts: { ...endless.facts, loop: endless } } as unknown as Found
    Object.assign(endless, { facts: circular.facts })
    await desk.take([seen(), timeless, circular, seen({ subject: { kind: 'source', key: 'a' } })])
    expect(await findings()).toHaveLength(2)
    expect(faults).toMatchObject([{ count: 1 }, { detector: 'many-networks' }])
    faults = []
  })

  test('a tenant that there is not is said and left out', async () => {
    await desk.take([seen({ tenant: 987_654 }), seen()])
    expect(await findings()).toHaveLength(1)
    expect(faults).toMatchObject([{ tenantNo: 987_654, findings: 1 }])
    faults = []
  })

  test('the budget of a tenant is its own setting', async () => {
    const setting = { tenantNo: tenant, name: 'notices-per-week', value: '1', at: NOW, actor: ADMIN }
    await house().records.act('putSetting', setting)
    await desk.take([1, 2, 3].map((i) => seen({ subject: { kind: 'source', key: String(i) } })))
    expect(told).toHaveLength(1)
  })
})

describe('views', () => {
  test('say what happened with names, in the reader’s zone', async () => {
    await desk.take([seen({ facts: { ...seen().facts, span: { as: 'duration', value: 90 * 60_000 } } })])
    const [view] = await desk.views(tenant, await findings(), 'Europe/Berlin')
    expect(view?.sentence).toBe(`Token “CI deploy” (tok-${tenant}) came from 12 networks in 1.5 h; the most before was 2.`)
    expect(view?.parts.find(({ fact }) => fact === 'token')).toMatchObject({ as: 'token', ref: token.id })
    expect(view).toMatchObject({
      exact: false,
      techniques: ['T1550.001'],
      suggests: ['rotate', 'revoke'],
      subject: { name: token.id },
    })
    await expect(desk.views(tenant, await findings(), 'Mars/Olympus')).rejects.toMatchObject({
      code: 'parameter_invalid',
      input: 'zone',
    })
  })

  test('never name what belongs to another tenant', async () => {
    const other = await house().tenant()
    const foreign = await house().token(other, { id: `foreign-${other}`, name: 'secret project', ownerId: 'mallory' })
    const facts = { ...seen().facts, token: { as: 'token', value: foreign.no } } as const
    await desk.take([seen({ facts, touches: [{ kind: 'owner', key: String(foreign.ownerNo) }] })])
    const [finding] = await findings()
    const text = JSON.stringify([await desk.views(tenant, [finding!]), await desk.detail(tenant, finding!)])
    expect(text).not.toMatch(/foreign-|secret project|mallory/)
  })

  test('tell the life of the token and the marks around it', async () => {
    await house().load([use(token.no, NOW - 2 * DAY), use(token.no, NOW - 3 * DAY)])
    const mark = { kind: 'deploy', name: 'v2', service: null, from: NOW - HOUR, to: NOW } as const
    await house().records.act('putMark', { tenantNo: tenant, mark, at: NOW, actor: ADMIN })
    await desk.take([seen()])
    const [finding] = await findings()
    const detail = await desk.detail(tenant, finding!)
    expect(detail.life).toMatchObject({
      token: { id: token.id, owner: 'alice', state: 'active' },
      ageMs: 100 * DAY,
      rotations: 0,
      lastUsedAt: NOW - 2 * DAY,
      acceptedIn30d: 2,
      lastUseKnown: true,
    })
    expect(detail.marks).toMatchObject([{ kind: 'deploy', name: 'v2' }])
    expect(detail.facts['networks']).toEqual({ as: 'number', value: 12, text: '12' })
  })

  test('an incident holds its findings', async () => {
    await desk.take([seen(), seen({ detector: 'new-client', severity: 'info', detectedAt: NOW })])
    const [finding] = await findings()
    const incident = await desk.incident(tenant, finding!.incidentId!)
    expect(incident).toMatchObject({ findingsCount: 2, severity: 'high', title: 'A token passed around or published' })
    expect(incident.findings.map(({ detector }) => detector)).toEqual(['new-client', 'many-networks'])
    await expect(desk.incident(tenant + 1, incident.id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('precision counts verdicts; tests, duplicates and what is suppressed are left out', async () => {
  const verdicts = [
    'true_positive',
    'true_positive',
    'true_positive',
    'false_positive',
    'benign',
    'unclear',
    'test',
    'duplicate',
    null,
  ] as const
  await desk.take(verdicts.map((_, i) => seen({ subject: { kind: 'source', key: String(i) } })))
  const kept = (await findings()).toSorted((a, b) => Number(a.subject.key) - Number(b.subject.key))
  for (const [i, verdict] of verdicts.entries())
    if (verdict) await desk.triage(tenant, kept[i]!.id, { state: 'closed', verdict }, ADMIN)
  const { all, detectors, notices } = await desk.precision(tenant, { from: NOW - DAY, to: NOW })
  expect(all).toMatchObject({
    findings: 7,
    reviewSetting: false,
    precision: { numerator: 3, denominator: 4 },
    coverage: { numerator: 5, denominator: 7 },
  })
  expect(detectors).toMatchObject([{ detector: 'many-networks', version: 1, verdicts: { none: 1, unclear: 1 } }])
  expect(notices).toEqual({ sent: 5, 'held back': 4, none: 0 })
})

let seq = 0

function use(tokenNo: number, occurredAt: number, differs: Partial<EventRow> = {}): EventRow {
  return {
    ...blankEvent(),
    tenant,
    writer: 50 + (tenant % 1000),
    seq: (seq += 1),
    type: TYPES['token.validated'].id,
    outcome: 1,
    reason: 1,
    kind: KINDS.access,
    population: POPULATIONS.attributed,
    tokenNo,
    occurredAt,
    service: 'shop',
    client: 'curl',
    network: 5n,
    ...differs,
  }
}

describe('the blast radius of a token', () => {
  test('is its use, its share and its habit', async () => {
    const other = await house().token(tenant, { id: `other-${tenant}` })
    const nightly = [1, 2, 3].map((week) => use(token.no, NOW - week * 7 * DAY + 5 * HOUR))
    const refused = use(token.no, NOW - HOUR, { outcome: 2, reason: 18 })
    await house().load([...nightly, refused, ...Array.from({ length: 6 }, (_, i) => use(other.no, NOW - i * DAY - HOUR))])
    const radius = await desk.blastRadius(tenant, token.id)
    expect(radius).toMatchObject({
      token: { id: token.id },
      owner: { id: 'alice', otherTokens: 1 },
      services: [{ name: 'shop', accepted: 3, failed: 1 }],
      clients: [{ name: 'curl' }],
      networks: [{ network: '0000000000000005', accepted: 3 }],
      share7d: { numerator: 1, denominator: 7 },
      share28d: { numerator: 3, denominator: 9 },
      lastUsedAt: NOW - 7 * DAY + 5 * HOUR,
      nextUse: { by: 'hour of the week', at: Math.floor((NOW + 5 * HOUR) / HOUR) * HOUR },
    })
  })

  test('of a token that nobody uses is empty, and of a stranger’s is not found', async () => {
    expect(await desk.blastRadius(tenant, token.id)).toMatchObject({
      services: [],
      share28d: null,
      lastUsedAt: null,
      nextUse: null,
    })
    await expect(desk.blastRadius(tenant + 1, token.id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

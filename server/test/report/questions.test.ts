import { describe, expect, test } from 'vitest'
import { DECISION_REASONS, FLAGS, TYPES, type DecisionReason } from 'tokentrail'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import type { Tenant, TokenRecord } from '../../src/records/records.ts'
import { EVIDENCE, EVIDENCE_NAMES } from '../../src/report/evidence/questions.ts'
import { createTally } from 'tokentrail/verify'
import { DAY, HOUR, NOW, SYSTEM, useReportHouse } from './house.ts'

const house = useReportHouse()
const PERSON = { no: 0, kind: 'person' } as const
let seq = 0

/** One validation of a token, or of nobody known. */
function use(
  tenant: Tenant,
  token: TokenRecord | null,
  at: number,
  more: Partial<EventRow> & { readonly why?: DecisionReason } = {},
): EventRow {
  const { why = 'valid', ...rest } = more
  const reason = DECISION_REASONS[why]
  return {
    ...blankEvent(),
    tenant: tenant.no,
    writer: 900,
    seq: (seq += 1),
    type: TYPES['token.validated'].id,
    outcome: reason.class === 'accepted' ? 1 : 2,
    reason: reason.id,
    kind: 1,
    population: token ? 1 : 2,
    occurredAt: at,
    tokenNo: token?.no ?? 0,
    ownerNo: token?.ownerNo ?? 0,
    network: 7n,
    service: 'api',
    ...rest,
  }
}

const values = (figures: Readonly<Record<string, { readonly value: number | null }>>): Record<string, number | null> =>
  Object.fromEntries(Object.entries(figures).map(([name, { value }]) => [name, value]))

test('every question answers for a tenant in which nothing happened, says what it leaves open, and leaves names out unless asked', async () => {
  const { tenant, desk } = house()
  const empty = await tenant()
  for (const name of EVIDENCE_NAMES) {
    const answer = await desk.ask(empty.no, name, { from: NOW - 2 * DAY, to: NOW }, { level: 'pseudonymous' })
    let rows = 0
    for await (const row of answer.rows) {
      rows += 1
      expect(Object.keys(row)).toEqual(Object.keys(answer.head.columns))
    }
    const { id, method, cannotShow, completeness, watermark } = answer.head
    expect([id, answer.count()]).toEqual([EVIDENCE[name].id, rows])
    expect([method !== '', cannotShow !== '', completeness.missing, watermark <= NOW]).toEqual([true, true, 0, true])
    expect(Object.values(answer.head.columns).map(({ seen }) => seen)).not.toContain('identified')
  }
})

test('a question that does not exist, a foreign parameter and a window that ends before it begins are refused', async () => {
  const { own, desk } = house()
  const ask = (name: string, given: object) =>
    desk.ask(own.no, name as never, { from: 1, to: 2, ...given }, { level: 'aggregate' })
  await expect(ask('everything', {})).rejects.toMatchObject({ code: 'not_found', input: 'name' })
  await expect(ask('reviews', { days: 3 })).rejects.toMatchObject({ code: 'parameter_invalid', input: 'days' })
  await expect(ask('stale-tokens', { days: -1 })).rejects.toMatchObject({ code: 'parameter_invalid', input: 'days' })
  await expect(ask('reviews', { from: 3 })).rejects.toMatchObject({ code: 'time_invalid', input: 'to' })
})

describe('tokens', () => {
  test('Q1 inventory, Q4 stale ones, Q5 excess scopes and Q17 shared use tell a known history', async () => {
    const { tenant, token, load, answer, records } = house()
    const t = await tenant()
    const busy = await token(t, {
      id: 'busy',
      ownerId: 'ann',
      scopes: ['read', 'write'],
      expiresAt: NOW + 9 * DAY,
      cidrs: ['10.0.0.0/8'],
    })
    const idle = await token(t, { id: 'idle', ownerId: 'bob', scopes: ['read'], issuedAt: NOW - 140 * DAY })
    await token(t, { id: 'never', ownerId: 'cyd', scheme: 'sha256:hex' })
    const gone = await token(t, { id: 'gone', ownerId: 'ann' })
    await token(t, { id: 'bait', ownerId: 'ann', canary: true })
    await records.act('revokeToken', { tenantNo: t.no, id: gone.id, reason: 'idle', at: NOW - 2 * DAY, actor: SYSTEM })
    await records.act('putOwner', { tenantNo: t.no, id: 'bob', disabled: true, at: NOW - DAY, actor: SYSTEM })
    await load([
      ...[1n, 2n, 3n, 4n].map((network, i) => use(t, busy, NOW - DAY + i, { network, scope: 'read' })),
      use(t, busy, NOW - DAY + 9, { scope: 'admin', why: 'scope_missing' }),
      use(t, idle, NOW - 120 * DAY, { scope: 'read' }),
      use(t, busy, NOW - 3 * HOUR, { scope: 'write', flags: FLAGS.canary }),
    ])

    const inventory = await answer(t, 'token-inventory')
    expect(inventory.rows.map(({ token: id }) => id)).toEqual(['busy', 'idle', 'never', 'gone'])
    expect(inventory.rows[0]).toMatchObject({
      state: 'active',
      ownerId: 'ann',
      ageDays: 100,
      bound: true,
      entropyKnown: true,
      lastUsedAt: NOW - DAY + 3,
    })
    expect(values(inventory.figures)).toEqual({
      tokens: 4,
      living: 3,
      'never-expire': 2,
      unbound: 2,
      'never-used': 1,
      'owner-disabled': 1,
      'entropy-unknown': 1,
      'oldest-days': 140,
    })

    const stale = await answer(t, 'stale-tokens', { days: 90 })
    expect(stale.rows.map(({ token: id, idleDays, stale: is }) => [id, idleDays, is])).toEqual([
      ['idle', 120, true],
      ['never', 100, true],
    ])
    expect(values((await answer(t, 'stale-tokens', { days: 110 })).figures)).toMatchObject({
      stale: 1,
      'never-used': 0,
      'never-expire': 2,
    })

    const scopes = await answer(t, 'scope-excess')
    expect(scopes.rows.map(({ token: id, granted, used, unused, refused }) => [id, granted, used, unused, refused])).toEqual([
      ['busy', 2, 1, 'write', 1],
      ['idle', 1, 0, 'read', 0],
    ])
    expect(values(scopes.figures)).toEqual({ tokens: 2, 'with-excess': 2, granted: 3, excess: 2 })

    const shared = await answer(t, 'shared-use', { networks: 3, services: 1 })
    expect(shared.rows).toMatchObject([{ token: 'busy', networks: 4, services: 1, uses: 4, firstAt: NOW - DAY }])
    expect((await answer(t, 'shared-use', { networks: 4, services: 1 })).rows).toEqual([])
  })

  test('Q2 their life by whom and why, with its leaf, and Q3 the lag after an owner was disabled', async () => {
    const { tenant, token, load, answer, records, settle, at } = house()
    const t = await tenant()
    const [first, second] = [await token(t, { id: 'first', ownerId: 'eve' }), await token(t, { id: 'second', ownerId: 'eve' })]
    const late = await token(t, { id: 'late', ownerId: 'fay' })
    const revoke = (id: string, when: number) =>
      records.act('revokeToken', {
        tenantNo: t.no,
        id,
        reason: 'owner_left',
        at: when,
        actor: { no: late.ownerNo, kind: 'person' },
      })
    for (const id of ['eve', 'fay'])
      await records.act('putOwner', { tenantNo: t.no, id, disabled: true, at: NOW - 10 * DAY, actor: SYSTEM })
    await revoke(first.id, NOW - 10 * DAY + HOUR)
    await revoke(second.id, NOW - 8 * DAY)
    await load([use(t, second, NOW - 9 * DAY), use(t, second, NOW - 11 * DAY)])
    await settle()
    at(NOW)

    const lag = await answer(t, 'offboarding-lag')
    expect(lag.rows).toMatchObject([
      { ownerId: 'eve', tokens: 2, ended: 2, living: 0, lagMs: 2 * DAY, usesAfter: 1 },
      { ownerId: 'fay', tokens: 1, ended: 0, living: 1, lagMs: null, usesAfter: 0 },
    ])
    expect(values(lag.figures)).toEqual({
      owners: 2,
      'with-living': 1,
      'over-a-day': 1,
      'longest-lag-ms': 2 * DAY,
      'uses-after': 1,
    })

    const life = await answer(t, 'token-lifecycle')
    expect(life.rows.map(({ type, token: id, reason, actorId }) => [type, id, reason, actorId])).toEqual([
      ['token.revoked', 'first', 'owner_left', 'fay'],
      ['token.revoked', 'second', 'owner_left', 'fay'],
    ])
    expect(life.rows.every(({ leaf }) => Number.isSafeInteger(leaf))).toBe(true)
    expect((await answer(t, 'token-lifecycle', { token: 'second' })).rows).toHaveLength(1)
    const privileged = await answer(t, 'privileged-actions')
    expect(privileged.rows.map(({ type }) => type)).toEqual(['principal.changed', 'principal.changed'])
  })

  test('Q21 what protects their secrets, and Q22 how leaks were answered', async () => {
    const { tenant, token, load, answer, records } = house()
    const t = await tenant()
    const [leaked, calm] = [await token(t, { id: 'leaked', scheme: 'hmac-sha256:1' }), await token(t, { id: 'calm' })]
    const leak = (tokenNo: number | null, reportedAt: number) =>
      records.act('reportLeak', {
        tenantNo: t.no,
        leak: {
          tokenNo,
          sha256: tokenNo === null ? 'a'.repeat(64) : null,
          sha512: null,
          url: 'https://git.example/x',
          reporter: 'person',
          partner: null,
          proven: false,
          exposedAt: reportedAt - HOUR,
          note: null,
        },
        at: reportedAt,
        actor: PERSON,
      })
    await leak(leaked.no, NOW - 5 * DAY)
    await leak(calm.no, NOW - 4 * DAY)
    await leak(null, NOW - 3 * DAY)
    await records.act('revokeToken', {
      tenantNo: t.no,
      id: leaked.id,
      reason: 'leaked',
      at: NOW - 5 * DAY + 10 * 60_000,
      actor: SYSTEM,
    })
    await load([
      use(t, leaked, NOW - 5 * DAY - HOUR / 2),
      use(t, leaked, NOW - 5 * DAY - 2 * HOUR),
      use(t, leaked, NOW - 4 * DAY, { why: 'revoked' }),
    ])

    const leaks = await answer(t, 'leak-response')
    const byToken = new Map(leaks.rows.map((row) => [row.token, row]))
    expect(byToken.get('leaked')).toMatchObject({ respondedMs: 10 * 60_000, acceptedSince: 1, refusedSince: 1, ending: 'leaked' })
    expect(byToken.get('calm')).toMatchObject({ respondedMs: null, acceptedSince: 0 })
    expect(values(leaks.figures)).toEqual({
      leaks: 3,
      'of-known-tokens': 2,
      answered: 1,
      confirmed: 0,
      'longest-response-ms': 600_000,
      'accepted-since': 1,
    })

    const { rows, figures } = await answer(t, 'cryptography')
    expect(rows.filter(({ use: of }) => of === 'token secret').map(({ algorithm, count }) => [algorithm, count])).toEqual([
      ['SHA-256', 1],
    ])
    expect(values(figures)).toMatchObject({ tokens: 1, peppered: 0 })
  })
})

describe('events', () => {
  test('Q6 failed authentications, Q7 refusals, Q16 fields and Q12 clocks, counted by hand', async () => {
    const { tenant, token, load, answer } = house()
    const t = await tenant()
    const one = await token(t, { id: 'one', ownerId: 'gil' })
    const when = NOW - 2 * DAY
    await load([
      use(t, null, when, { why: 'unknown', network: 1n, count: 5, flags: FLAGS.coalesced }),
      use(t, null, when + 1, { why: 'unknown', network: 2n }),
      use(t, one, when + 2, { why: 'expired', network: 1n }),
      use(t, one, when + 3, { why: 'scope_missing', scope: 'admin' }),
      use(t, one, when + 4, { why: 'scope_missing', scope: 'admin' }),
      use(t, one, when + 5, { why: 'address_forbidden' }),
      use(t, one, when + 6, { network: 0n, service: '', delayMs: -400_000, flags: FLAGS.skewed, writer: 901 }),
      { ...use(t, null, when + 7), type: TYPES['principal.sign_in_rejected'].id, outcome: 0, reason: 0, network: 3n },
      {
        ...use(t, null, when + 8),
        type: TYPES['reading.rejected'].id,
        outcome: 2,
        reason: 150,
        actorNo: one.ownerNo,
        actorKind: 1,
      },
      use(t, one, NOW - 40 * DAY, { why: 'scope_missing', scope: 'old' }),
    ])

    const failures = await answer(t, 'authentication-failures')
    expect(failures.rows.map(({ of, reason, count }) => [of, reason, count])).toEqual([
      ['token', 'unknown', 5],
      ['token', 'unknown', 1],
      ['token', 'expired', 1],
      ['sign-in', 'none', 1],
    ])
    expect(values(failures.figures)).toEqual({
      failures: 7,
      unknown: 6,
      'wrong-secret': 0,
      'after-end': 1,
      'sign-in-failures': 1,
    })

    const refusals = await answer(t, 'authorization-failures')
    expect(
      refusals.rows.map(({ of, reason, scope, token: id, principalId, count }) => [of, reason, scope, id, principalId, count]),
    ).toEqual([
      ['token', 'scope_missing', 'admin', 'one', 'gil', 2],
      ['token', 'address_forbidden', null, 'one', 'gil', 1],
      ['reading', 'role_missing', null, null, 'gil', 1],
    ])

    const fields = await answer(t, 'field-completeness')
    expect(values(fields.figures)).toMatchObject({ events: 13, who: 6, what: 13, when: 13, where: 12, outcome: 13, whole: 5 })

    const clocks = await answer(t, 'clock')
    expect(clocks.rows).toMatchObject([
      { source: 'api', samples: 12, skewed: 0, offsetMsMax: null },
      { source: 'writer 901', samples: 1, skewed: 1, offsetMsMax: 400_000 },
    ])
  })

  test('Q15 findings to their disposition', async () => {
    const { tenant, token, answer, records } = house()
    const t = await tenant()
    const one = await token(t, { id: 'f-one' })
    const blank = {
      tenantNo: t.no,
      detectorVersion: 3,
      confidence: 'high',
      subject: { kind: 'token', key: String(one.no) },
      touches: [],
      found: '{}',
      incidentId: null,
      verdict: null,
      note: null,
      assignee: null,
      repeats: 0,
      version: 1,
    } as const
    const finding = (id: string, openedAt: number, more: object) => ({
      before: null,
      event: 'opened' as const,
      row: {
        ...blank,
        id,
        detector: 'new_place',
        severity: 'high' as const,
        from: openedAt,
        to: openedAt,
        detectedAt: openedAt,
        seenAt: openedAt,
        openedAt,
        changedAt: openedAt,
        state: 'open' as const,
        notice: 'sent' as const,
        ...more,
      },
    })
    const closed = { state: 'closed', verdict: 'true_positive', changedAt: NOW - 3 * DAY + HOUR }
    const findings = [
      finding('fin_1', NOW - 3 * DAY, closed),
      finding('fin_2', NOW - 2 * DAY, { notice: 'held back' }),
      finding('fin_3', NOW - DAY, { detector: 'canary' }),
      finding('fin_4', NOW - 60 * DAY, {}),
    ]
    await records.act('keepFindings', { tenantNo: t.no, findings, incidents: [], hits: [], credit: null, at: NOW })
    const { rows, figures } = await answer(t, 'findings-to-disposition')
    expect(rows.map(({ finding: id, decidedMs, notice }) => [id, decidedMs, notice])).toEqual([
      ['fin_2', null, 'held back'],
      ['fin_1', HOUR, 'sent'],
    ])
    expect(values(figures)).toMatchObject({
      findings: 2,
      notices: 1,
      'held-back': 1,
      decided: 1,
      open: 1,
      'true-positives': 1,
      'longest-decision-ms': HOUR,
    })
  })

  test('Q9 who looked, Q10 gaps, Q13 what went, Q20 what was done about people', async () => {
    const { tenant, load, answer, settle } = house()
    const t = await tenant()
    const note = (type: keyof typeof TYPES, ago: number, more: Partial<EventRow> = {}): EventRow => ({
      ...use(t, null, NOW - ago),
      type: TYPES[type].id,
      outcome: 0,
      reason: 0,
      ...more,
    })
    const approved = JSON.stringify({ approval: 'apr_1' })
    await load([
      note('report.exported', DAY, { detail: approved }),
      note('report.viewed', DAY),
      note('audit.read', DAY),
      note('loss.declared', 2 * DAY, {
        reason: 160,
        detail: JSON.stringify({ count: 4, from: NOW - 2 * DAY, to: NOW - 2 * DAY }),
      }),
      note('gap.found', 2 * DAY),
      note('system.started', 3 * DAY),
      note('retention.applied', DAY),
      note('key.destroyed', DAY),
      note('subject.erased', DAY, { detail: approved }),
      note('subject.erased', DAY),
      note('subject.accessed', 40 * DAY),
    ])
    expect(values((await answer(t, 'log-access')).figures)).toEqual({
      readings: 3,
      exports: 1,
      views: 1,
      reveals: 0,
      'log-reads': 1,
      refused: 0,
    })
    expect(values((await answer(t, 'log-lifecycle')).figures)).toMatchObject({ starts: 1, losses: 1, gaps: 1, 'gaps-filled': 0 })
    expect(values((await answer(t, 'retention-runs')).figures)).toMatchObject({ runs: 1, 'keys-destroyed': 1, 'holds-set': 0 })
    expect(values((await answer(t, 'privacy-operations')).figures)).toMatchObject({
      accesses: 0,
      erasures: 2,
      'erasures-approved': 1,
    })
    await settle()
    // One more than was put there: the tenant itself was added, and that was received in the window.
    const capacity = await answer(t, 'capacity')
    expect(values(capacity.figures)).toMatchObject({ lost: 4, stored: 11 })
    expect(capacity.rows.map(({ kind }) => kind)).not.toContain('state')
  })
})

describe('people and the log', () => {
  test('Q14 reviews that were signed and days without one, Q18 duties', async () => {
    const { own, answer, records, pack, settle, at } = house()
    const { record } = await pack(
      own,
      { name: 'daily-review', recipient: 'the team', from: NOW - 2 * DAY, to: NOW - DAY },
      { no: 41, kind: 'person' },
    )
    const sign = (signer: number) =>
      records.act('signReview', {
        tenantNo: own.no,
        id: `rev_${signer}`,
        kind: 'daily',
        packId: record.id,
        open: 2,
        note: null,
        at: NOW,
        actor: { no: signer, kind: 'person' },
      })
    await sign(42)
    await expect(sign(42)).rejects.toMatchObject({ code: 'review_exists' })
    await sign(41)
    await settle()
    const { rows, figures } = await answer(own, 'reviews', { from: NOW - 4 * DAY, to: NOW })
    expect(
      rows.filter(({ state }) => state === 'signed').map(({ signer, secondPerson, open }) => [signer, secondPerson, open]),
    ).toEqual(
      expect.arrayContaining([
        ['o42', true, 2],
        ['o41', false, 2],
      ]),
    )
    expect(values(figures)).toEqual({ signed: 2, 'by-second-person': 1, open: 4, 'days-without': 3, 'quarters-without': 0 })
    at(NOW + 1)
    const duties = await answer(own, 'separation-of-duties', { to: NOW + 1 })
    expect(values(duties.figures)).toMatchObject({ 'reviews-waived': 1, 'separation-waived': 1 })
    at(NOW)

    await records.act('putSetting', { tenantNo: own.no, name: 'separation', value: 'enforced', at: NOW, actor: SYSTEM })
    const again = await pack(own, { name: 'daily-review', recipient: 'the team' }, { no: 41, kind: 'person' })
    const own41 = records.act('signReview', {
      tenantNo: own.no,
      id: 'rev_own',
      kind: 'daily',
      packId: again.record.id,
      open: 0,
      note: null,
      at: NOW,
      actor: { no: 41, kind: 'person' },
    })
    await expect(own41).rejects.toMatchObject({ code: 'review_own' })
    await records.act('putSetting', { tenantNo: own.no, name: 'separation', value: 'waived', at: NOW, actor: SYSTEM })
  })

  test('Q11 says how the log stands to the installation, and nothing of it to other tenants', async () => {
    const { own, other, answer, settle, audit, at } = house()
    await settle()
    const { size } = await audit.state()
    at(NOW + 1)
    const { rows, figures } = await answer(own, 'log-integrity', { to: NOW + 1 })
    expect(rows.map(({ what }) => what)).toEqual(expect.arrayContaining(['log', 'checkpoint', 'waiting']))
    expect(values(figures)).toMatchObject({ leaves: size, 'leaves-under-checkpoint': size, 'leaves-waiting': 0 })
    expect((await answer(other, 'log-integrity')).rows).toEqual([])
    at(NOW)
  })

  test('what is about a person whose data is restricted occurs in no answer', async () => {
    const { tenant, token, answer, records, settle } = house()
    const t = await tenant()
    const hidden = await token(t, { id: 'hidden', ownerId: 'zoe' })
    await token(t, { id: 'plain', ownerId: 'kim' })
    for (const id of ['hidden', 'plain'])
      await records.act('revokeToken', { tenantNo: t.no, id, reason: 'manual', at: NOW - DAY, actor: SYSTEM })
    await records.act('restrictSubject', {
      tenantNo: t.no,
      ownerId: 'zoe',
      restricted: true,
      ground: 'asked for',
      at: NOW,
      actor: SYSTEM,
    })
    await settle()
    for (const name of ['token-inventory', 'token-lifecycle'] as const) {
      const { rows } = await answer(t, name)
      expect(rows.map(({ token: id }) => id)).toEqual(['plain'])
    }
    expect(hidden.ownerId).toBe('zoe')
  })
})

describe('figures', () => {
  test('are data: counting again over rows that were written gives the same', async () => {
    const { tenant, token, answer } = house()
    const t = await tenant()
    for (let i = 0; i < 7; i += 1) await token(t, { id: `again-${i}`, expiresAt: i % 2 === 0 ? null : NOW + DAY })
    const { rows, figures } = await answer(t, 'token-inventory')
    const again = createTally(EVIDENCE['token-inventory'].figures)
    for (const row of JSON.parse(JSON.stringify(rows)) as object[]) again.take(row)
    expect(again.figures()).toEqual(Object.values(figures))
    expect(figures['never-expire']).toMatchObject({ value: 4, of: 7 })
  })
})

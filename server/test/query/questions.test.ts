import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventRow } from '../../src/event/row.ts'
import type { SeriesKey, Step, WindowParams } from '../../src/query/rows.ts'
import type { TokenRecord } from '../../src/records/records.ts'
import { anyHistory, anyWindow, rowsOf } from './histories.ts'
import { DAY, NOW, useHouse } from './house.ts'
import * as oracle from './oracle.ts'

const house = useHouse()

interface Planted {
  readonly tenant: number
  readonly tokens: readonly TokenRecord[]
  readonly rows: readonly EventRow[]
}

/** A tenant of its own for each history, so that every other tenant's events stand beside and must change nothing. */
async function plant(history: Parameters<typeof rowsOf>[0]): Promise<Planted> {
  const tenant = await house().tenant()
  const tokens: TokenRecord[] = []
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    tokens.push(await house().token(tenant, { id: `${id}${tenant}`, ownerId: `owner-${id}`, scopes: ['read', 'admin'] }))
  }
  const rows = rowsOf(
    history,
    tenant,
    tokens.map((token) => token.no),
  )
  await house().load(rows)
  return { tenant, tokens, rows }
}

const byKey = (a: { at: number; key: string }, b: { at: number; key: string }): number => a.at - b.at || (a.key < b.key ? -1 : 1)
const sorted = <T>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

const STEPS = [
  ['minute', 'class'],
  ['5minutes', undefined],
  ['hour', 'reason'],
  ['6hours', 'kind'],
  ['day', 'service'],
  ['week', 'population'],
  ['hour', 'outcome'],
  ['day', 'class'],
  ['week', undefined],
] as const

const anyAsked = fc.record(
  {
    window: anyWindow,
    step: fc.constantFrom(...STEPS),
    kind: fc.constantFrom('access', 'action', 'validation' as const),
    token: fc.nat(5),
  },
  { requiredKeys: ['window', 'step'] },
)
type AnyAsked = typeof anyAsked extends fc.Arbitrary<infer T> ? T : never

test('every question says what the plain reading of the events says', { timeout: 60_000 }, async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.array(anyAsked, { minLength: 5, maxLength: 5 }), async (history, asks) => {
      const planted = await plant(history)
      await Promise.all(asks.map((each) => checkAll(planted, each)))
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

async function checkAll(planted: Planted, { window, kind, token, step: [step, by] }: AnyAsked): Promise<void> {
  const record = token === undefined ? undefined : planted.tokens[token]
  const params: WindowParams = { ...window, ...(kind ? { kind } : {}), ...(record ? { token: record.id } : {}) }
  const asked: oracle.Asked = { ...window, ...(kind ? { kind } : {}), ...(record ? { tokenNo: record.no } : {}) }
  const steps = step.includes('minute') ? { from: Math.max(params.from, params.to - 7 * DAY), to: params.to } : window
  const one = record ?? planted.tokens[0]!
  await Promise.all([
    checkSteps(planted, { ...params, ...steps, step, ...(by ? { by } : {}) }, { ...asked, ...steps }),
    checkCounts(planted, params, asked),
    checkLists(planted, params, asked),
    checkToken(planted, params, { ...asked, tokenNo: one.no }, one),
  ])
}

async function checkSteps(
  { tenant, rows }: Planted,
  params: WindowParams & { step: Step; by?: SeriesKey },
  asked: oracle.Asked,
): Promise<void> {
  const answer = await house().ask(tenant, 'validations-by-step', params)
  const expected = oracle.validationsByStep(rows, asked, params.step, params.by)
  expect(answer.rows.toSorted(byKey), `${params.step} by ${params.by}`).toEqual(expected.sort(byKey))
}

async function checkCounts({ tenant, rows }: Planted, params: WindowParams, asked: oracle.Asked): Promise<void> {
  const [totals] = (await house().ask(tenant, 'totals', params)).rows
  expect(totals).toMatchObject(oracle.totals(rows, asked))
  const reasons = await house().ask(tenant, 'rejections-by-reason', params)
  expect(sorted(reasons.rows)).toEqual(sorted(oracle.rejectionsByReason(rows, asked)))
}

async function checkLists({ tenant, rows, tokens }: Planted, params: WindowParams, asked: oracle.Asked): Promise<void> {
  for (const measure of ['attempts', 'failed'] as const) {
    const top = await house().ask(tenant, 'top-tokens', { ...params, measure, limit: 3 })
    const expected = oracle.topTokens(rows, asked, measure, 3)
    expect(top.rows.map(({ token, ...row }) => ({ no: tokens.find(({ id }) => id === token.id)?.no, ...row }))).toEqual(expected)
    const networks = await house().ask(tenant, 'top-networks', { ...params, measure, limit: 3 })
    expect(networks.rows).toMatchObject(oracle.topNetworks(rows, asked, measure, 3))
  }
}

async function checkToken(
  { tenant, rows }: Planted,
  params: WindowParams,
  asked: oracle.Asked,
  record: TokenRecord,
): Promise<void> {
  const { ask } = house()
  const ofToken = { ...params, token: record.id }
  const attempts = oracle.attemptsIn(rows, asked)
  expect(sorted((await ask(tenant, 'places-of-token', ofToken)).rows)).toEqual(sorted(oracle.places(attempts)))
  expect(sorted((await ask(tenant, 'agents-of-token', ofToken)).rows)).toEqual(
    sorted(oracle.usesBy(rows, asked, (row) => row.client)),
  )
  expect(sorted((await ask(tenant, 'services-of-token', ofToken)).rows)).toEqual(
    sorted(oracle.usesBy(rows, asked, (row) => row.service)),
  )
  const route = (row: EventRow): string => (row.method === '' ? row.route : `${row.method} ${row.route}`)
  expect(sorted((await ask(tenant, 'routes-of-token', ofToken)).rows)).toEqual(sorted(oracle.usesBy(rows, asked, route)))
  const scopes = (await ask(tenant, 'scopes-of-token', ofToken)).rows
  const used = oracle.usesBy(rows, asked, (row) => row.scope).filter(({ name }) => name !== '')
  const granted = (name: string): boolean => ['admin', 'read'].includes(name)
  expect(sorted(scopes.filter((row) => row.attempts > 0))).toEqual(
    sorted(used.map((row) => ({ ...row, granted: granted(row.name) }))),
  )
  expect(
    scopes
      .filter((row) => row.granted)
      .map((row) => row.name)
      .sort(),
  ).toEqual(['admin', 'read'])
  const ended = attempts.filter(
    (row) => row.outcome === 2 && ['revoked', 'superseded', 'expired', 'consumed'].includes(oracle.reasonOf(row)),
  )
  expect(sorted((await ask(tenant, 'uses-after-end', ofToken)).rows)).toEqual(sorted(oracle.places(ended)))
}

test('last used, per token, over all days and the last thirty', async () => {
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const { tenant, tokens, rows } = await plant(history)
      const answer = await house().ask(tenant, 'last-used-by-token', { tokens: tokens.map((token) => token.id) })
      for (const token of tokens) {
        const all = oracle.attemptsIn(rows, { from: 0, to: NOW, tokenNo: token.no })
        const recent = all.filter((row) => row.occurredAt >= NOW - 30 * DAY)
        const accepted = all.filter(oracle.isClass('accepted'))
        expect(answer.rows.find((row) => row.token === token.id)).toEqual({
          token: token.id,
          lastAcceptedAt: accepted.length === 0 ? null : Math.max(...accepted.map((row) => row.occurredAt)),
          lastAttemptAt: all.length === 0 ? null : Math.max(...all.map((row) => row.occurredAt)),
          accepted30d: oracle.sum(recent, oracle.isClass('accepted')),
          failed30d: oracle.sum(recent, oracle.isFailed),
        })
      }
    }),
    { numRuns: 1, endOnFailure: true },
  )
})

import { eventId } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { networkName } from '../../query/network.ts'
import type { FindingReads, Subject } from '../../records/findings.ts'
import type { Store } from '../../store/store.ts'
import { backtestCorrelation } from './backtest-correlation.ts'
import {
  type Backtest,
  BACKTEST_LIMITS,
  type BacktestScope,
  type Counted,
  EVENTS_MAX,
  SCOPE_SQL,
  scopeParams,
  WEEK_MS,
  withSignal,
} from './backtest-scope.ts'
import type { LoadedRule } from './load.ts'
import { overlapOf, SUBJECT_DAYS_MAX, type SubjectDay } from './overlap.ts'
import { compileSql } from './to-sql.ts'

/** What a back-test would read, before it does. */
export interface BacktestCost {
  readonly events: number
  readonly allowed: boolean
  readonly eventsMax: number
}

/** Counts the events that a back-test would read. */
export async function backtestCost(store: Pick<Store, 'query'>, scope: BacktestScope): Promise<BacktestCost> {
  const { rows } = await store.query<{ n: number }>({
    sql: `SELECT count() AS n FROM events WHERE ${SCOPE_SQL}`,
    params: scopeParams(scope),
    limits: BACKTEST_LIMITS,
    ...withSignal(scope),
  })
  const events = rows[0]?.n ?? 0
  return { events, allowed: events <= EVENTS_MAX, eventsMax: EVENTS_MAX }
}

/** Tries a rule on a tenant's history. The cost is known first; beyond the bound the back-test is refused with it. */
export async function backtestRule(
  store: Pick<Store, 'query' | 'stream'>,
  read: Pick<FindingReads, 'findingsInSpan'>,
  rule: LoadedRule,
  scope: BacktestScope,
): Promise<Backtest> {
  const { events, allowed } = await backtestCost(store, scope)
  if (!allowed)
    throw new TrailError(
      'cost_refused',
      `The window holds ${events} events; a back-test may read ${EVENTS_MAX}. Choose a shorter window.`,
      { input: 'from' },
    )
  const { source } = rule
  const { days, ...found } =
    source.kind === 'event'
      ? await plain(store, compileSql(source.detection), scope)
      : await backtestCorrelation(store, source, scope)
  const weeks = (Math.min(found.coveredTo, scope.to) - scope.from) / WEEK_MS
  return {
    rule: { id: rule.id, version: rule.version, digest: rule.digest },
    window: { from: scope.from, to: scope.to },
    ...found,
    overlap: await overlapOf(read, scope.tenantNo, scope, days, `rule:${rule.id}`),
    cost: { events, ...found.cost },
    findingsPerWeek: weeks > 0 ? found.findings / weeks : 0,
  }
}

/** Whom a finding would be about: token, else network, else owner, else the tenant; as the detector chooses. */
export const SUBJECT_SQL = `multiIf(token_no != 0, tuple(1, token_no), network != 0, tuple(2, network), owner_no != 0, tuple(3, toUInt64(owner_no)), tuple(4, toUInt64(0)))`

/** The kinds of `SUBJECT_SQL`, by their numbers. */
const KINDS: Readonly<Record<number, Subject['kind']>> = { 1: 'token', 2: 'source', 3: 'owner', 4: 'tenant' }
const SAMPLES_MAX = 20

interface WeekRow {
  readonly week: number
  readonly matches: number
  readonly findings: number
  readonly tokens: number
  readonly owners: number
  readonly networks: number
  readonly newest: readonly (readonly [number, number, number])[]
  readonly days: readonly (readonly [kind: number, no: string, day: number])[]
}

/** A rule over single events is one pass in the store; the last row holds the totals. */
async function plain(store: Pick<Store, 'query'>, where: ReturnType<typeof compileSql>, scope: BacktestScope): Promise<Counted> {
  const { rows, cost } = await store.query<WeekRow>({
    sql: `SELECT toUnixTimestamp(toStartOfWeek(occurred_at, 1, 'UTC')) AS week, sum(count) AS matches,
      uniqExact(${SUBJECT_SQL}, toDate(occurred_at)) AS findings, uniqExactIf(token_no, token_no != 0) AS tokens,
      uniqExactIf(owner_no, owner_no != 0) AS owners, uniqExactIf(network, network != 0) AS networks,
      groupArraySorted(${SAMPLES_MAX})(tuple(-toUnixTimestamp64Milli(occurred_at), toInt64(writer), toInt64(seq))) AS newest,
      groupUniqArray(${SUBJECT_DAYS_MAX})(tuple(${SUBJECT_SQL}.1, toString(${SUBJECT_SQL}.2), toUInt32(toDate(occurred_at)))) AS days
      FROM events WHERE ${SCOPE_SQL} AND ${where.sql} GROUP BY week WITH ROLLUP ORDER BY week`,
    params: { ...scopeParams(scope), ...where.params },
    limits: BACKTEST_LIMITS,
    ...withSignal(scope),
  })
  const [total, ...weeks] = rows
  return {
    matches: total?.matches ?? 0,
    findings: total?.findings ?? 0,
    tokens: total?.tokens ?? 0,
    owners: total?.owners ?? 0,
    networks: total?.networks ?? 0,
    weeks: weeks.map(({ week, matches, findings }) => ({
      from: week * 1000,
      matches,
      findings,
    })),
    days: (total?.days ?? []).map(([kind, no, day]) => subjectDay(scope.tenantNo, kind, no, day)),
    samples: (total?.newest ?? []).map(([, writer, seq]) => eventId(writer, seq)),
    coveredTo: scope.to,
    cost: { rowsRead: cost.rowsRead, elapsedMs: cost.elapsedMs },
    method:
      'Every event of the window was compared in the store; a finding is a subject and a day (UTC) with at least one match.',
  }
}

function subjectDay(tenantNo: number, number: number, no: string, day: number): SubjectDay {
  const kind = KINDS[number] ?? 'tenant'
  return { kind, day, key: kind === 'source' ? networkName(BigInt(no)) : kind === 'tenant' ? String(tenantNo) : no }
}

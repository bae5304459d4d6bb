import type { EventRow } from '../../event/row.ts'
import type { Store } from '../../store/store.ts'
import {
  BACKTEST_LIMITS,
  type BacktestScope,
  type Counted,
  SCOPE_SQL,
  scopeParams,
  WEEK_MS,
  withSignal,
} from './backtest-scope.ts'
import { createRunner, type Firing } from './correlation.ts'
import { candidatesSql } from './correlation-candidates.ts'
import { anyOf, linesOf, readColumns } from './rows-from-store.ts'
import { subjectOf } from './rule-detector.ts'
import type { BoundTest } from './bind.ts'
import { SUBJECT_DAYS_MAX, type SubjectDay } from './overlap.ts'
import type { Logic } from './rule.ts'
import { type CorrelationSource, eventSources, type Source } from './source.ts'
import { compileSql } from './to-sql.ts'

/** Events that are followed one by one; beyond it the figures end where the last one stood. */
const FOLLOWED_MAX = 500_000
const SAMPLES_MAX = 20

/**
 * A correlation is defined once, by the code that runs on the stream. The store finds the events that can matter; they are then followed
 * in the order of their times by that same code.
 */
export async function backtestCorrelation(
  store: Pick<Store, 'stream'>,
  source: CorrelationSource,
  scope: BacktestScope,
): Promise<Counted> {
  const startedAt = performance.now()
  const base = anyOf(eventSources(source).map(({ detection }, i) => compileSql(detection, `b${i}p`)))
  const candidates = candidatesSql(source)
  const { select, parse } = readColumns(columnsOf(source))
  const stream = await store.stream({
    sql: `SELECT ${select} FROM events WHERE ${SCOPE_SQL} AND ${base.sql} AND ${candidates.sql}
      ORDER BY occurred_at, writer, seq LIMIT ${FOLLOWED_MAX + 1}`,
    params: { ...scopeParams(scope), ...base.params, ...candidates.params },
    format: 'JSONCompactEachRow',
    limits: BACKTEST_LIMITS,
    ...withSignal(scope),
  })
  const tally = createTally()
  const runner = createRunner(source)
  let followed = 0
  let coveredTo = scope.to
  for await (const line of linesOf(stream)) {
    const row = parse(line)
    followed += 1
    if (followed > FOLLOWED_MAX) {
      coveredTo = row.occurredAt
      break
    }
    for (const firing of runner.see(row)) tally.add(firing)
    if (followed % PASS_EVERY === 0) runner.pass(row.occurredAt)
  }
  stream.destroy()
  return {
    ...tally.counted(),
    coveredTo,
    cost: { rowsRead: followed, elapsedMs: performance.now() - startedAt },
    method:
      'The store chose the events that can matter; they were followed in the order of their times by the code that runs on the stream. A finding is a subject and a day (UTC) on which the rule fires.',
  }
}

const PASS_EVERY = 10_000

function createTally() {
  const [tokens, owners, networks] = [new Set<number>(), new Set<number>(), new Set<bigint>()]
  const findings = new Map<string, SubjectDay>()
  const weeks = new Map<number, { matches: number; findings: Set<string> }>()
  let matches = 0
  let samples: readonly string[] = []

  function add(firing: Firing): void {
    const { row, at } = firing
    const { kind, key } = subjectOf(firing)
    const day = Math.floor(at / DAY_MS)
    const finding = `${kind} ${key} ${day}`
    matches += 1
    findings.set(finding, { kind, key, day })
    const week = weeks.get(mondayOf(at)) ?? { matches: 0, findings: new Set() }
    week.matches += 1
    week.findings.add(finding)
    weeks.set(mondayOf(at), week)
    if (row.tokenNo !== 0) tokens.add(row.tokenNo)
    if (row.ownerNo !== 0) owners.add(row.ownerNo)
    if (row.network !== 0n) networks.add(row.network)
    samples = firing.evidence.slice(-SAMPLES_MAX)
  }

  return {
    add,
    counted: () => ({
      matches,
      findings: findings.size,
      days: [...findings.values().take(SUBJECT_DAYS_MAX)],
      tokens: tokens.size,
      owners: owners.size,
      networks: networks.size,
      weeks: [...weeks].map(([from, week]) => ({ from, matches: week.matches, findings: week.findings.size })),
      samples,
    }),
  }
}

const DAY_MS = 86_400_000
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * DAY_MS

function mondayOf(at: number): number {
  return Math.floor((at - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS
}

/** Every column that the rules and groups look at. */
function columnsOf(source: Source): readonly (keyof EventRow)[] {
  if (source.kind === 'event') return logicColumns(source.detection)
  return source.inputs.flatMap((input) => [
    ...columnsOf(input.source),
    ...input.group.map(({ column }) => column),
    ...(input.value === null ? [] : [input.value.column]),
  ])
}

/** Keywords may stand in any of these. */
const KEYWORD_COLUMNS: readonly (keyof EventRow)[] = [
  'type',
  'outcome',
  'reason',
  'kind',
  'service',
  'environment',
  'method',
  'route',
  'scope',
  'action',
  'country',
  'client',
  'limit',
  'requestId',
  'detail',
]

function logicColumns(logic: Logic<BoundTest>): readonly (keyof EventRow)[] {
  if ('not' in logic) return logicColumns(logic.not)
  if (!('leaf' in logic)) return ('all' in logic ? logic.all : logic.any).flatMap(logicColumns)
  const { field, match } = logic.leaf
  return [...(field === null ? KEYWORD_COLUMNS : [field.column]), ...(match.is === 'same' ? [match.other.column] : [])]
}

import { DECISION_REASONS, FLAGS, TYPES } from 'tokentrail'
import type { PromiseClass, ReasonClass, TypeName } from 'tokentrail'
import type { Table, TableColumn } from './table.ts'

/** Integers of the classes of reasons in roll-ups; 0 is no decision. */
export const CLASS_IDS = { accepted: 1, invalid: 2, forbidden: 3, throttled: 4, unavailable: 5 } as const satisfies Record<
  ReasonClass,
  number
>

/** Integers of the classes of promises in `capture_minute`. */
export const PROMISE_IDS = { critical: 1, counted: 2, 'best effort': 3 } as const satisfies Record<PromiseClass, number>

/** A late event was received so long after it occurred. */
export const LATE_MS = 300_000

const TIME = "DateTime64(3, 'UTC')"
const SECONDS = "DateTime('UTC')"
const LABEL = 'LowCardinality(String)'

const ATTEMPT = `type IN (${TYPES['token.validated'].id}, ${TYPES['token.consumed'].id})`
const SPECIAL = `bitAnd(flags, ${FLAGS.canary | FLAGS.simulated})`
const COALESCED = `bitAnd(flags, ${FLAGS.coalesced}) != 0`
const CLASS = `multiIf(outcome = 1, 1, outcome != 2, 0, ${(['invalid', 'forbidden', 'throttled', 'unavailable'] as const)
  .map((name) => `reason IN (${reasonsOf(name)}), ${CLASS_IDS[name]}`)
  .join(', ')}, 0)`
const ENDINGS = idsOf('token.superseded', 'token.revoked', 'token.expired', 'token.exhausted', 'token.locked', 'token.consumed')

function reasonsOf(wanted: ReasonClass): string {
  return Object.values(DECISION_REASONS)
    .filter((reason) => reason.class === wanted)
    .map((reason) => reason.id)
    .join(', ')
}

function idsOf(...names: readonly TypeName[]): string {
  return names.map((name) => TYPES[name].id).join(', ')
}

function promisesOf(wanted: PromiseClass): string {
  return Object.values(TYPES)
    .filter((type) => type.class === wanted)
    .map((type) => type.id)
    .join(', ')
}

const column = (name: string, type: string, doc: string, codec = 'ZSTD(1)'): TableColumn => ({ name, type, doc, codec })
const sumColumn = (name: string, doc: string): TableColumn =>
  column(name, 'SimpleAggregateFunction(sum, UInt64)', doc, 'T64, ZSTD(1)')
const tenant = column('tenant', 'UInt32', 'tenant number')
const kind = column('kind', 'UInt8', 'kind of token (KINDS)')
const outcome = column('outcome', 'UInt8', 'what was decided (OUTCOMES)')
const reason = column('reason', 'UInt16', 'why (REASONS)')
const service = column('service', LABEL, 'service that asked')
const special = column('special', 'UInt8', '1 canary, 2 simulated: left out of every metric')
const tokenNo = column('token_no', 'UInt64', 'the token', 'Delta, ZSTD(1)')
const minute = column('minute', SECONDS, 'start of the minute, UTC', 'Delta, ZSTD(1)')
const hour = column('hour', SECONDS, 'start of the hour, UTC', 'Delta, ZSTD(1)')
const day = column('day', 'Date', 'day, UTC', 'Delta, ZSTD(1)')

const STEPS = {
  minute: { column: minute, sql: 'toStartOfMinute(toDateTime(occurred_at))' },
  hour: { column: hour, sql: 'toStartOfHour(toDateTime(occurred_at))' },
  day: { column: day, sql: 'toDate(occurred_at)' },
} as const
type Step = keyof typeof STEPS

/** The seven sums that `token_day` and `network_day` share. */
const ATTEMPT_SUMS: readonly { readonly column: TableColumn; readonly sql: string }[] = [
  { column: sumColumn('attempts', 'validations and consumptions'), sql: 'sum(toUInt64(count))' },
  ...Object.entries(CLASS_IDS).map(([name, id]) => ({
    column: sumColumn(name, name === 'accepted' ? 'of those accepted' : `of those rejected as ${name}`),
    sql: `sumIf(toUInt64(count), ${CLASS} = ${id})`,
  })),
  {
    column: sumColumn('replays', 'of those rejected as consumed'),
    sql: `sumIf(toUInt64(count), reason = ${DECISION_REASONS.consumed.id})`,
  },
]
const SUM_COLUMNS = ATTEMPT_SUMS.map((sum) => sum.column)
const SUMS = ATTEMPT_SUMS.map((sum) => `${sum.sql} AS ${sum.column.name}`).join(', ')

const FIRST_LAST: readonly TableColumn[] = [
  column('first_at', `SimpleAggregateFunction(min, ${TIME})`, 'first attempt', 'Delta, ZSTD(1)'),
  column('last_at', `SimpleAggregateFunction(max, ${TIME})`, 'last attempt', 'Delta, ZSTD(1)'),
]
const FIRST_LAST_SQL = 'min(occurred_at) AS first_at, max(occurred_at) AS last_at'
const ACCEPTED_TIMES: readonly TableColumn[] = [
  column('first_accepted_at', `SimpleAggregateFunction(min, Nullable(${TIME}))`, 'first accepted attempt, if any'),
  column('last_accepted_at', `SimpleAggregateFunction(max, Nullable(${TIME}))`, 'last accepted attempt, if any'),
]
const ACCEPTED_TIMES_SQL = [
  `min(if(outcome = 1 AND ${ATTEMPT}, occurred_at, NULL)) AS first_accepted_at`,
  `max(if(outcome = 1 AND ${ATTEMPT}, occurred_at, NULL)) AS last_accepted_at`,
].join(', ')

const UNIQUES = {
  tokens: { of: 'token_no', type: 'UInt64', where: 'token_no != 0', doc: 'distinct tokens' },
  networks: { of: 'network', type: 'UInt64', where: 'network != 0', doc: 'distinct networks' },
  credentials: {
    of: 'fingerprint',
    type: 'FixedString(16)',
    where: "fingerprint != toFixedString('', 16)",
    doc: 'distinct unknown credentials; a lower bound where rows were coalesced',
  },
} as const
type Unique = keyof typeof UNIQUES

const uniqueColumn = (name: Unique, precision: number): TableColumn =>
  column(name, `AggregateFunction(uniqCombined64(${precision}), ${UNIQUES[name].type})`, UNIQUES[name].doc)
const uniqueSql = (name: Unique, precision: number): string =>
  `uniqCombined64StateIf(${precision})(${UNIQUES[name].of}, ${UNIQUES[name].where}) AS ${name}`

function eventsBy(step: Step, partition: Table['partition'], keptDays: number): Table {
  const keys = [service, kind, column('type', 'UInt16', 'what happened (TYPES)'), outcome, reason]
  const names = ['tenant', step, ...keys.map((key) => key.name), 'population', 'special']
  return {
    name: `events_${step}`,
    doc: `Events by ${step}`,
    engine: 'SummingMergeTree',
    columns: [
      tenant,
      STEPS[step].column,
      ...keys,
      column('population', 'UInt8', '1 attributed, 2 unattributed, 3 fault'),
      special,
      column('count', 'UInt64', 'decisions or facts', 'T64, ZSTD(1)'),
      column('late', 'UInt64', 'of those received over 5 min after they occurred', 'T64, ZSTD(1)'),
    ],
    orderBy: names,
    partition,
    time: step,
    keptDays,
    select: `SELECT tenant, ${STEPS[step].sql} AS ${step}, service, kind, type, outcome, reason, population, ${SPECIAL} AS special,
      sum(toUInt64(events.count)) AS count, sumIf(toUInt64(events.count), delay_ms > ${LATE_MS}) AS late
      FROM events GROUP BY ${names.join(', ')}`,
  }
}

function uniqueBy(step: Step, precision: number, partition: Table['partition'], keptDays: number): Table {
  const names = ['tenant', step, 'kind', 'outcome', 'reason', 'special']
  const uniques = Object.keys(UNIQUES) as Unique[]
  return {
    name: `unique_${step}`,
    doc: `Distinct tokens, networks and unknown credentials by ${step}`,
    engine: 'AggregatingMergeTree',
    columns: [
      tenant,
      STEPS[step].column,
      kind,
      outcome,
      reason,
      special,
      ...uniques.map((name) => uniqueColumn(name, precision)),
    ],
    orderBy: names,
    partition,
    time: step,
    keptDays,
    select: `SELECT tenant, ${STEPS[step].sql} AS ${step}, kind, outcome, reason, ${SPECIAL} AS special,
      ${uniques.map((name) => uniqueSql(name, precision)).join(', ')} FROM events WHERE ${ATTEMPT} GROUP BY ${names.join(', ')}`,
  }
}

function latencyBy(step: Step, extra: readonly TableColumn[], partition: Table['partition'], keptDays: number): Table {
  const names = ['tenant', step, 'kind', 'outcome', 'special', ...extra.map((key) => key.name)]
  return {
    name: `latency_${step}`,
    doc: `Time from door to verdict by ${step}`,
    engine: 'AggregatingMergeTree',
    columns: [
      tenant,
      STEPS[step].column,
      kind,
      outcome,
      special,
      ...extra,
      column('quantiles', 'AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), UInt32)', 'distribution of duration_us'),
      sumColumn('samples', 'attempts with a duration'),
      sumColumn('total_us', 'sum of duration_us'),
      column('max_us', 'SimpleAggregateFunction(max, UInt32)', 'largest duration_us'),
    ],
    orderBy: names,
    partition,
    time: step,
    keptDays,
    select: `SELECT tenant, ${STEPS[step].sql} AS ${step}, kind, outcome, ${SPECIAL} AS special${extra.map((key) => `, ${key.name}`).join('')},
      quantilesTDigestState(0.5, 0.95, 0.99)(duration_us) AS quantiles, count() AS samples,
      sum(toUInt64(duration_us)) AS total_us, max(duration_us) AS max_us
      FROM events WHERE ${ATTEMPT} AND duration_us > 0 AND NOT ${COALESCED} GROUP BY ${names.join(', ')}`,
  }
}

const TOKEN_DAY: Table = {
  name: 'token_day',
  doc: 'Attempts of each known token by day',
  engine: 'AggregatingMergeTree',
  columns: [tenant, tokenNo, day, kind, special, ...SUM_COLUMNS, ...FIRST_LAST, ...ACCEPTED_TIMES, uniqueColumn('networks', 12)],
  orderBy: ['tenant', 'token_no', 'day', 'kind', 'special'],
  partition: 'month',
  time: 'day',
  keptDays: 400,
  select: `SELECT tenant, token_no, toDate(occurred_at) AS day, kind, ${SPECIAL} AS special, ${SUMS}, ${FIRST_LAST_SQL}, ${ACCEPTED_TIMES_SQL},
    ${uniqueSql('networks', 12)} FROM events WHERE ${ATTEMPT} AND token_no != 0 GROUP BY tenant, token_no, day, kind, special`,
}

const NETWORK_DAY: Table = {
  name: 'network_day',
  doc: 'Attempts from each network by day',
  engine: 'AggregatingMergeTree',
  columns: [
    tenant,
    day,
    column('network', 'UInt64', '/24 or /48 as a keyed number'),
    column('asn', 'UInt32', 'autonomous system'),
    column('country', LABEL, 'ISO 3166 code'),
    kind,
    special,
    ...SUM_COLUMNS,
    ...FIRST_LAST,
    uniqueColumn('tokens', 12),
    uniqueColumn('credentials', 12),
  ],
  orderBy: ['tenant', 'day', 'network', 'asn', 'country', 'kind', 'special'],
  partition: 'month',
  time: 'day',
  keptDays: 90,
  select: `SELECT tenant, toDate(occurred_at) AS day, network, asn, country, kind, ${SPECIAL} AS special, ${SUMS}, ${FIRST_LAST_SQL},
    ${uniqueSql('tokens', 12)}, ${uniqueSql('credentials', 12)}
    FROM events WHERE ${ATTEMPT} GROUP BY tenant, day, network, asn, country, kind, special`,
}

const ROUTE_HOUR: Table = {
  name: 'route_hour',
  doc: 'Attempts on each route by hour',
  engine: 'SummingMergeTree',
  columns: [
    tenant,
    hour,
    column('route', LABEL, 'route template'),
    column('class', 'UInt8', '1 accepted, 2 invalid, 3 forbidden, 4 throttled, 5 unavailable'),
    special,
    column('count', 'UInt64', 'attempts', 'T64, ZSTD(1)'),
  ],
  orderBy: ['tenant', 'hour', 'route', 'class', 'special'],
  partition: 'month',
  time: 'hour',
  keptDays: 90,
  select: `SELECT tenant, ${STEPS.hour.sql} AS hour, route, toUInt8(${CLASS}) AS class, ${SPECIAL} AS special,
    sum(toUInt64(events.count)) AS count FROM events WHERE ${ATTEMPT} GROUP BY tenant, hour, route, class, special`,
}

const SCOPE_DAY: Table = {
  name: 'scope_day',
  doc: 'Scopes that each known token needed by day',
  engine: 'AggregatingMergeTree',
  columns: [
    tenant,
    tokenNo,
    column('scope', LABEL, 'scope needed'),
    day,
    special,
    sumColumn('attempts', 'attempts'),
    sumColumn('accepted', 'of those accepted'),
    sumColumn('failed', 'of those rejected as invalid or forbidden'),
    ...FIRST_LAST,
  ],
  orderBy: ['tenant', 'token_no', 'scope', 'day', 'special'],
  partition: 'month',
  time: 'day',
  keptDays: 400,
  select: `SELECT tenant, token_no, scope, toDate(occurred_at) AS day, ${SPECIAL} AS special, sum(toUInt64(count)) AS attempts,
    sumIf(toUInt64(count), outcome = 1) AS accepted, sumIf(toUInt64(count), ${CLASS} IN (${CLASS_IDS.invalid}, ${CLASS_IDS.forbidden})) AS failed,
    ${FIRST_LAST_SQL} FROM events WHERE ${ATTEMPT} AND token_no != 0 AND scope != '' GROUP BY tenant, token_no, scope, day, special`,
}

const TOKEN_LIFE: Table = {
  name: 'token_life',
  doc: 'Life of each known token as its events tell it; the records are the authority',
  engine: 'AggregatingMergeTree',
  columns: [
    tenant,
    tokenNo,
    column('kind', 'SimpleAggregateFunction(max, UInt8)', 'kind of token (KINDS)'),
    column('owner_no', 'SimpleAggregateFunction(max, UInt32)', 'whose token'),
    column('special', 'SimpleAggregateFunction(groupBitOr, UInt8)', '1 canary, 2 simulated'),
    column('issued_at', `SimpleAggregateFunction(min, Nullable(${TIME}))`, 'issued or imported'),
    column('ended_at', `SimpleAggregateFunction(min, Nullable(${TIME}))`, 'first ending'),
    column('ending', `AggregateFunction(argMin, UInt16, ${TIME})`, 'type of the first ending'),
    column('ending_reason', `AggregateFunction(argMin, UInt16, ${TIME})`, 'reason of the first ending'),
    sumColumn('sent', 'handed to a channel'),
    sumColumn('undelivered', 'came back from a channel'),
    sumColumn('attempts', 'attempts, of action and validation tokens'),
    sumColumn('consumed', 'accepted uses of a single-use token: 0 or 1'),
    sumColumn('replays', 'rejected as consumed'),
    ...ACCEPTED_TIMES,
  ],
  orderBy: ['tenant', 'token_no'],
  partition: 'none',
  keptDays: 'records',
  select: `SELECT tenant, token_no, max(events.kind) AS kind, max(events.owner_no) AS owner_no, groupBitOr(toUInt8(${SPECIAL})) AS special,
    min(if(type IN (${idsOf('token.issued', 'token.imported')}), occurred_at, NULL)) AS issued_at,
    min(if(type IN (${ENDINGS}), occurred_at, NULL)) AS ended_at,
    argMinStateIf(type, occurred_at, type IN (${ENDINGS})) AS ending, argMinStateIf(reason, occurred_at, type IN (${ENDINGS})) AS ending_reason,
    countIf(type = ${TYPES['token.sent'].id}) AS sent, countIf(type = ${TYPES['token.undelivered'].id}) AS undelivered,
    sumIf(toUInt64(count), ${ATTEMPT}) AS attempts, countIf(type = ${TYPES['token.consumed'].id} AND outcome = 1) AS consumed,
    sumIf(toUInt64(count), reason = ${DECISION_REASONS.consumed.id}) AS replays, ${ACCEPTED_TIMES_SQL}
    FROM events WHERE token_no != 0 AND (intDiv(type, 100) = 1 OR type = ${TYPES['token.consumed'].id}
      OR (type = ${TYPES['token.validated'].id} AND events.kind IN (2, 3)))
    GROUP BY tenant, token_no`,
}

const CAPTURE_MINUTE: Table = {
  name: 'capture_minute',
  doc: 'What was received, by the minute of its receipt: completeness',
  engine: 'SummingMergeTree',
  columns: [
    tenant,
    column('minute', SECONDS, 'minute in which it was received, UTC', 'Delta, ZSTD(1)'),
    column('writer', 'UInt32', 'who numbered the events'),
    column('class', 'UInt8', '1 critical, 2 counted, 3 best effort'),
    column('reason', 'UInt16', 'why it was lost (160–166), else 0'),
    column('stored', 'UInt64', 'rows without the flag coalesced', 'T64, ZSTD(1)'),
    column('coalesced', 'UInt64', 'decisions in rows with it', 'T64, ZSTD(1)'),
    column('dropped', 'UInt64', 'decisions declared lost', 'T64, ZSTD(1)'),
  ],
  orderBy: ['tenant', 'minute', 'writer', 'class', 'reason'],
  partition: 'month',
  time: 'minute',
  keptDays: 400,
  select: `SELECT tenant, toStartOfMinute(toDateTime(addMilliseconds(occurred_at, delay_ms))) AS minute, writer,
    toUInt8(multiIf(type IN (${promisesOf('critical')}), ${PROMISE_IDS.critical}, type IN (${promisesOf('best effort')}), ${PROMISE_IDS['best effort']}, ${PROMISE_IDS.counted})) AS class,
    if(type = ${TYPES['loss.declared'].id}, events.reason, 0) AS reason,
    countIf(NOT ${COALESCED}) AS stored, sumIf(toUInt64(count), ${COALESCED}) AS coalesced,
    sumIf(JSONExtractUInt(detail, 'count'), type = ${TYPES['loss.declared'].id}) AS dropped
    FROM events GROUP BY tenant, minute, writer, class, reason`,
}

/** Every roll-up. Each is filled by a materialized view on `events`, so it counts exactly what was stored. */
export const ROLLUPS: readonly Table[] = [
  eventsBy('minute', 'day', 14),
  eventsBy('hour', 'month', 400),
  eventsBy('day', 'year', 1826),
  uniqueBy('hour', 12, 'month', 90),
  uniqueBy('day', 14, 'year', 1826),
  TOKEN_DAY,
  NETWORK_DAY,
  latencyBy('minute', [], 'day', 14),
  latencyBy('hour', [service, column('cache', 'UInt8', '1 hit, 2 miss, 3 stale')], 'month', 400),
  ROUTE_HOUR,
  SCOPE_DAY,
  TOKEN_LIFE,
  CAPTURE_MINUTE,
]

import { EVENT_COLUMNS } from '../event/row.ts'
import { ROLLUPS } from './rollups.ts'
import type { ColumnForm, EventColumn } from '../event/row.ts'
import type { Table, TableColumn } from './table.ts'

/*
 * The tables of the store. Every table starts with `tenant`; every question names it. `special` is `flags & 3` (1 canary,
 * 2 simulated): metrics leave both out. Attempts are types 201 and 202. Every count is Σ `count`, so coalesced rows weigh in.
 * `class` is 0 none, 1 accepted, 2 invalid, 3 forbidden, 4 throttled, 5 unavailable (`CLASS_IDS`). Rows of a roll-up with the
 * same key may stand in several parts until they merge: always aggregate (`sum`, `min`, `max`, `…Merge`) and GROUP BY.
 *
 *   events          one row per event; ORDER BY tenant, token_no, occurred_at, writer, seq; PARTITION (retention, day);
 *                   columns of EVENT_COLUMNS and the alias `received_at`; kept by retention class
 *   events_minute   tenant, minute, service, kind, type, outcome, reason, population, special → count, late; 14 d
 *   events_hour     the same by `hour`; 400 d            (`late`: received over 5 min after it occurred)
 *   events_day      the same by `day` (Date); 5 y
 *   unique_hour     tenant, hour, kind, outcome, reason, special → tokens, networks, credentials; attempts only; 90 d
 *   unique_day      the same by `day`; 5 y               (uniqCombined64Merge(12)(…) by hour, (14) by day)
 *   token_day       tenant, token_no, day, kind, special → attempts, accepted, invalid, forbidden, throttled, unavailable,
 *                   replays (sum), first_at, last_at (min, max), first_accepted_at, last_accepted_at (min, max of Nullable),
 *                   networks (uniqCombined64Merge(12)); attributed attempts only; 400 d
 *   network_day     tenant, day, network, asn, country, kind, special → the same seven sums, first_at, last_at,
 *                   tokens, credentials (uniqCombined64Merge(12)); 90 d
 *   latency_minute  tenant, minute, kind, outcome, special → quantiles (quantilesTDigestMerge(0.5, 0.95, 0.99)), samples,
 *                   total_us (sum), max_us (max); attempts with a duration, not coalesced; 14 d
 *   latency_hour    tenant, hour, kind, outcome, special, service, cache → the same; 400 d
 *   route_hour      tenant, hour, route, class, special → count; 90 d
 *   scope_day       tenant, token_no, scope, day, special → attempts, accepted, failed (invalid or forbidden) (sum),
 *                   first_at, last_at; 400 d
 *   token_life      tenant, token_no → kind, owner_no (max), special (groupBitOr), issued_at, ended_at (min of Nullable),
 *                   ending (argMinMerge: the type that ended it first), ending_reason (argMinMerge), sent, undelivered,
 *                   attempts, consumed, replays (sum; attempts of action and validation tokens only), first_accepted_at,
 *                   last_accepted_at (consumptions and single-use kinds only)
 *   capture_minute  tenant, minute (of received_at), writer, class (1 critical, 2 counted, 3 best effort), reason (of a loss,
 *                   else 0) → stored, coalesced, dropped; received is their sum; 400 d
 *   events_held     hold and the columns of events: what holds keep; until the hold ends
 *   viewer_hour     tenant, hour, hours, cell → count (rounded), members; no view: released once an hour (`query/viewer/`); 400 d
 *   schema_version  no, name, applied_at: the migrations that ran
 */

const SQL_TYPES: Readonly<Record<ColumnForm, string>> = {
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  count: 'UInt64',
  u64: 'UInt64',
  i32: 'Int32',
  i64: 'Int64',
  time: "DateTime64(3, 'UTC')",
  label: 'LowCardinality(String)',
  text: 'String',
  bytes16: 'FixedString(16)',
  'u64[]': 'Array(UInt64)',
  'u32[]': 'Array(UInt32)',
}

export const EVENTS: Table = {
  name: 'events',
  doc: 'One row per event',
  engine: 'MergeTree',
  columns: EVENT_COLUMNS.map(tableColumn),
  orderBy: ['tenant', 'token_no', 'occurred_at', 'writer', 'seq'],
  partition: 'retention and day',
  time: 'occurred_at',
  bloom: ['fingerprint', 'network', 'address_month', 'request_id'],
  keptDays: 'class',
}

/** What a hold keeps of `events` after its time, once for each hold. */
export const EVENTS_HELD: Table = {
  name: 'events_held',
  doc: 'Events that a hold keeps beyond their time',
  engine: 'ReplacingMergeTree',
  columns: [{ name: 'hold', type: 'LowCardinality(String)', doc: 'id of the hold' }, ...EVENTS.columns],
  orderBy: ['tenant', 'hold', 'occurred_at', 'writer', 'seq'],
  partition: 'none',
  keptDays: 'holds',
}

/** What viewers are answered from: released once, never changed. */
export const VIEWER_HOUR: Table = {
  name: 'viewer_hour',
  doc: 'Attempts by bucket, class and kind, small groups merged, counts rounded: what viewers see',
  engine: 'ReplacingMergeTree',
  columns: [
    { name: 'tenant', type: 'UInt32', doc: 'tenant number' },
    { name: 'hour', type: "DateTime('UTC')", codec: 'Delta, ZSTD(1)', doc: 'start of the bucket, UTC' },
    { name: 'hours', type: 'UInt8', doc: 'length of the bucket: 1 or 24' },
    { name: 'cell', type: 'LowCardinality(String)', doc: 'population, class and kind; `other`; empty: the bucket is released' },
    { name: 'count', type: 'UInt64', codec: 'T64, ZSTD(1)', doc: 'attempts, rounded' },
    { name: 'members', type: 'Array(UInt64)', doc: 'some of the owners behind the cell, at most 32' },
  ],
  orderBy: ['tenant', 'hour', 'cell'],
  partition: 'month',
  time: 'hour',
  keptDays: 400,
}

/** Every table, in the order in which they are made. */
export const TABLES: readonly Table[] = [EVENTS, ...ROLLUPS, EVENTS_HELD, VIEWER_HOUR]

function tableColumn({ column, form, codec, doc }: EventColumn): TableColumn {
  return { name: column, type: SQL_TYPES[form], codec: codec.replace(/ZSTD(?!\()/, 'ZSTD(1)'), doc }
}

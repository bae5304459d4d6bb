import { FLAGS, TYPES } from 'tokentrail'
import { OF } from '../../../query/scope.ts'
import { C, type EvidenceQuestion } from '../question.ts'

export interface ClockRow {
  readonly source: string
  readonly kind: string
  readonly samples: number
  readonly skewed: number
  readonly offsetMsMax: number | null
  readonly firstAt: number
  readonly lastAt: number
}

const SKEWED = `bitAnd(flags, ${FLAGS.skewed}) != 0`
/** Only an event that was dated after its receipt shows a clock that runs ahead; delays may be the network. */
const SQL = `SELECT if(service = '', concat('writer ', toString(writer)), toString(service)) AS source, sum(toUInt64(count)) AS n,
    sumIf(toUInt64(count), ${SKEWED}) AS skewed, maxIf(abs(delay_ms), ${SKEWED} OR delay_ms < 0) AS worst,
    countIf(${SKEWED} OR delay_ms < 0) AS off,
    toUnixTimestamp64Milli(min(occurred_at)) AS first, toUnixTimestamp64Milli(max(occurred_at)) AS last
  FROM ${OF.events} AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    AND type != ${TYPES['page.viewed'].id}
  GROUP BY source ORDER BY source`

type Row = Readonly<Record<'n' | 'skewed' | 'worst' | 'off' | 'first' | 'last', string>> & { readonly source: string }

/** How clocks agree. */
export const clock: EvidenceQuestion<ClockRow> = {
  id: 'Q12',
  answers: 'How far clocks are apart, per node and per source of events',
  from: ['L', 'S'],
  params: {},
  columns: {
    source: C.ref('service that told the events, else the number of the writer; or a node of ours'),
    kind: C.word('events: by comparison at receipt; node: by its own measurement against a time source'),
    samples: C.count('events, or measurements'),
    skewed: C.count('of them beyond 5 minutes'),
    offsetMsMax: C.duration('largest offset that was seen; empty where none was'),
    firstAt: C.time('first of them'),
    lastAt: C.time('last of them'),
  },
  key: 'source',
  figures: [
    { name: 'sources', says: 'sources of events', where: { kind: 'events' } },
    {
      name: 'with-skew',
      says: 'of them with an event beyond 5 minutes',
      where: { kind: 'events', skewed: { above: 0 } },
      share: 'sources',
    },
    { name: 'skewed-events', says: 'events beyond 5 minutes', where: { kind: 'events' }, sum: 'skewed' },
    { name: 'largest-offset-ms', says: 'largest offset seen, ms', max: 'offsetMsMax' },
    { name: 'nodes-measured', says: 'nodes that measured their own clock', where: { kind: 'node' } },
  ],
  method:
    'exact: every event carries both its own time and the time of its receipt; nodes say with each heartbeat of the log how far their clock has left one that only goes forward',
  cannotShow: 'whether the time source of a node is right',
  async *rows(_params, reader) {
    for await (const row of reader.stream<Row>(SQL, { ...reader.seen }))
      yield {
        source: row.source,
        kind: 'events',
        samples: Number(row.n),
        skewed: Number(row.skewed),
        offsetMsMax: Number(row.off) === 0 ? null : Number(row.worst),
        firstAt: Number(row.first),
        lastAt: Number(row.last),
      }
    if (reader.isInstall) yield* nodes(reader.log.entries(0, reader.seen, ['log.heartbeat']))
  },
}

interface Measured {
  readonly samples: number
  readonly skewed: number
  readonly offsetMsMax: number | null
  readonly firstAt: number
  readonly lastAt: number
}

const SKEW_MS = 300_000

async function* nodes(
  entries: AsyncIterable<{ readonly at: number; readonly shown: Readonly<Record<string, unknown>> }>,
): AsyncIterable<ClockRow> {
  const byNode = new Map<string, Measured>()
  for await (const { at, shown } of entries) {
    const { source, driftMs } = clockIn(shown)
    const offset = driftMs === null ? null : Math.abs(driftMs)
    const before = byNode.get(source) ?? { samples: 0, skewed: 0, offsetMsMax: null, firstAt: at, lastAt: at }
    byNode.set(source, {
      samples: before.samples + 1,
      skewed: before.skewed + ((offset ?? 0) > SKEW_MS ? 1 : 0),
      offsetMsMax: offset === null ? before.offsetMsMax : Math.max(before.offsetMsMax ?? 0, offset),
      firstAt: before.firstAt,
      lastAt: at,
    })
  }
  for (const [source, measured] of byNode) yield { source: `node (${source})`, kind: 'node', ...measured }
}

/** What a heartbeat says of its node's clock: how far it has left the clock that only goes forward, since the start. */
function clockIn({ clock: said }: Readonly<Record<string, unknown>>): {
  readonly source: string
  readonly driftMs: number | null
} {
  const { source, driftMs } = typeof said === 'object' && said !== null ? (said as { source?: unknown; driftMs?: unknown }) : {}
  return { source: typeof source === 'string' ? source : 'unmeasured', driftMs: typeof driftMs === 'number' ? driftMs : null }
}

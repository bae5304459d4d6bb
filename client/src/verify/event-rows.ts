import { EVENT_TABLES, LOG_LIFECYCLE } from './event-tables.ts'
import type { PackManifest, PackTable } from './pack.ts'
import type { Cell } from './tally.ts'

/** An entry as rows of events meet it. */
export interface EventEntry {
  readonly at: string
  readonly event: string
  readonly reason?: unknown
  readonly shown: Readonly<Record<string, unknown>>
  readonly tenant: string
  readonly type: string
}

/** The entries of a pack that rows of its tables tell of. */
export interface EventEntries {
  /** The entries must come in order. */
  take(index: number, entry: EventEntry): void
  /** A hidden value that was opened by its disclosure. */
  open(event: string, field: string, value: string): void
  /** Compares the rows of a table; nothing where its rows are no events. */
  compare(table: PackTable, manifest: PackManifest): EventRows | undefined
}

/** Takes the rows of one table, in their order. */
export interface EventRows {
  /** What contradicts the entry; nothing where there is no contradiction. */
  take(row: Readonly<Record<string, Cell>>, number: number): string | undefined
  /** How many rows are entries of the log, and what is not proven, in words. */
  end(): { readonly proven: number; readonly open: readonly string[] }
}

interface Kept {
  readonly index: number
  readonly at: number
  readonly type: string
  readonly reason: string | null
  readonly actorKind: string | undefined
  readonly tenant: string
  opened?: Map<string, string>
}

/** So many entries are held; what is beyond them is told as not proven. */
const ENTRIES_MAX = 300_000
const LAG_MS = 3_600_000
const ONLY_IN_LOG: ReadonlySet<string> = new Set(LOG_LIFECYCLE)
const TOLD: ReadonlySet<string> = new Set([...Object.values(EVENT_TABLES).flat(), ...LOG_LIFECYCLE])
/** Columns that stand for a hidden value. */
const HIDDEN_COLUMNS = { token: 'token', ownerId: 'owner', actorId: 'actor', detail: 'detail' } as const
/** Columns that every such row has. */
const COLUMNS = ['at', 'event', 'type', 'reason', 'actorKind', 'leaf'] as const

/** Begins without any. */
export function createEventEntries(): EventEntries {
  const byEvent = new Map<string, Kept>()
  let beyond = 0
  return {
    take(index, entry) {
      if (!TOLD.has(entry.type)) return
      if (byEvent.size >= ENTRIES_MAX) beyond += 1
      else byEvent.set(keyOf(index, entry), keptOf(index, entry))
    },
    open(event, field, value) {
      const kept = byEvent.get(event)
      if (kept) (kept.opened ??= new Map()).set(field, value)
    },
    compare(table, manifest) {
      return isEventTable(table.question) ? rowsOf(byEvent, beyond, table.question, table, manifest) : undefined
    },
  }
}

function isEventTable(question: string): question is keyof typeof EVENT_TABLES {
  return Object.hasOwn(EVENT_TABLES, question)
}

/** What exists only in the log is told by its leaf. */
function keyOf(index: number, { type, event }: EventEntry): string {
  return ONLY_IN_LOG.has(type) ? `leaf-${index}` : event
}

function keptOf(index: number, { at, type, reason, shown, tenant }: EventEntry): Kept {
  const actorKind = shown['actorKind']
  return {
    index,
    at: Date.parse(at),
    type,
    reason: typeof reason === 'string' && reason !== 'none' ? reason : null,
    actorKind: ONLY_IN_LOG.has(type) ? undefined : typeof actorKind === 'string' ? actorKind : 'none',
    tenant,
  }
}

function rowsOf(
  byEvent: ReadonlyMap<string, Kept>,
  beyond: number,
  question: keyof typeof EVENT_TABLES,
  table: PackTable,
  manifest: PackManifest,
): EventRows {
  const seen = new Set<string>()
  const unproven: string[] = []
  let [proven, open] = [0, 0]
  return {
    take(row, number) {
      const event = row['event']
      const missing = COLUMNS.find((name) => !Object.hasOwn(row, name))
      if (typeof event !== 'string' || missing !== undefined) return `lacks the column ${missing ?? 'event'}`
      const entry = byEvent.get(event)
      if (!entry) {
        open += 1
        if (unproven.length < 1) unproven.push(`row ${format(number)} (${event}, ${String(row['type'])}) is the first`)
        return undefined
      }
      if (seen.has(event)) return `tells of ${event} once more`
      seen.add(event)
      const problem = contradiction(row, entry, question, table) ?? outside(entry, manifest)
      if (problem !== undefined) return problem
      proven += 1
      return undefined
    },
    end() {
      const lacking = lackingOf(byEvent, seen, question, table, manifest)
      return {
        proven,
        open: [
          ...(open > 0 ? [`rows that rest on no entry here: ${format(open)}, of which ${unproven.join('')}`] : []),
          ...(lacking.count > 0
            ? [
                `entries of its types that are not among its rows: ${format(lacking.count)}, of which entry ${format(lacking.index)} (${lacking.type}) is the first; what a reader may not see is left out of tables, and nothing here shows that this is why`,
              ]
            : []),
          ...(isCutShort(table, manifest)
            ? [`its rows end with its watermark ${table.watermark}, before the period does; what came after is not compared`]
            : []),
          ...(beyond > 0 ? [`entries beyond the ${format(ENTRIES_MAX)} that are compared: ${format(beyond)}`] : []),
        ],
      }
    },
  }
}

/** What of a row is not what its entry says. */
function contradiction(
  row: Readonly<Record<string, Cell>>,
  entry: Kept,
  question: keyof typeof EVENT_TABLES,
  table: PackTable,
): string | undefined {
  const { type, at, reason, actorKind, leaf } = row
  const where = `entry ${format(entry.index)}`
  if (type !== entry.type || !typesOf(question).has(entry.type))
    return `says in the column type ${String(type)}; ${where} is ${entry.type}`
  if (at !== entry.at) return `says in the column at another time than ${where}`
  if (reason !== entry.reason) return `says in the column reason ${String(reason)}; ${where} says ${String(entry.reason)}`
  if (entry.actorKind !== undefined && actorKind !== entry.actorKind)
    return `says in the column actorKind ${String(actorKind)}; ${where} says ${entry.actorKind}`
  if (leaf !== null && leaf !== entry.index) return `says in the column leaf ${String(leaf)}; its entry stands at ${entry.index}`
  if (!ONLY_IN_LOG.has(entry.type) && table.tenant !== undefined && entry.tenant !== table.tenant)
    return `tells of an event of the tenant ${entry.tenant}`
  const changed = Object.entries(HIDDEN_COLUMNS).find(([name, field]) => differs(row[name], entry.opened?.get(field)))
  return changed === undefined ? undefined : `says in the column ${changed[0]} something else than ${where}, as disclosed`
}

/** A watermark lags by seconds; one that lags by more leaves entries out. */
function isCutShort({ watermark }: PackTable, { to, madeAt }: PackManifest): boolean {
  return Math.min(Date.parse(to), Date.parse(madeAt)) - Date.parse(watermark) > LAG_MS
}

function outside({ index, at }: Kept, { from, to }: PackManifest): string | undefined {
  const isInside = at >= Date.parse(from) && at < Date.parse(to)
  return isInside ? undefined : `tells of entry ${format(index)}, which is outside of the period`
}

/** A name that was forgotten since, and a token whose record is gone, are no contradiction. */
function differs(cell: Cell | undefined, opened: string | undefined): boolean {
  if (opened === undefined || opened.startsWith('#') || cell === undefined || cell === null) return false
  return cell !== opened && !String(cell).startsWith('purged-')
}

function typesOf(question: keyof typeof EVENT_TABLES): ReadonlySet<string> {
  return new Set<string>([...EVENT_TABLES[question], ...(question === 'log-lifecycle' ? LOG_LIFECYCLE : [])])
}

/** Entries within the period of a table that it should tell of. Which of them are about one token, hidden values do not say. */
function lackingOf(
  byEvent: ReadonlyMap<string, Kept>,
  seen: ReadonlySet<string>,
  question: keyof typeof EVENT_TABLES,
  table: PackTable,
  manifest: PackManifest,
): { readonly count: number; readonly index: number; readonly type: string } {
  const token = manifest.questions.find(({ name }) => name === question)?.params['token']
  const types = typesOf(question)
  const [from, to] = [Date.parse(manifest.from), Math.min(Date.parse(manifest.to), Date.parse(table.watermark))]
  const tenant = table.tenant ?? manifest.tenant
  let found = { count: 0, index: 0, type: '' }
  for (const [event, kept] of byEvent) {
    const { at, index, type, opened } = kept
    const isOurs = kept.tenant === tenant || (ONLY_IN_LOG.has(type) && kept.tenant === 'install')
    if (seen.has(event) || !types.has(type) || !isOurs || at < from || at >= to) continue
    if (typeof token === 'string' && token !== '' && opened?.get('token') !== undefined && opened.get('token') !== token) continue
    found = found.count === 0 ? { count: 1, index, type } : { ...found, count: found.count + 1 }
  }
  return found
}

function format(value: number): string {
  return value.toLocaleString('en-US')
}

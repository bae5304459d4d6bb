import { setImmediate } from 'node:timers/promises'
import { sha256 } from './digest.ts'
import { commitmentOf, toBase64Url } from 'tokentrail/log'
import { openSealed } from '../../privacy/seal.ts'
import type { SubjectKeys } from '../../privacy/subject-keys.ts'
import type { LogEntry } from '../../records/audit.ts'
import type { RecordReads } from '../../records/records.ts'
import type { SealedRow } from '../../records/sealed.ts'

/** An entry as it says what was done, with what it hides opened where its key is still there. */
export interface Logged {
  readonly tenantNo: number
  readonly event: string
  readonly type: string
  readonly shown: Readonly<Record<string, unknown>>
  /** What a field says: its value and salt give the commitment of the entry. `undefined` where they are erased or too old. */
  readonly opened: Readonly<Record<string, string | undefined>>
}

/** Reads the log from its beginning, a bundle at a time, and goes on from where it came to. */
export interface LogReader {
  /** Gives every entry of its types that stands in the log and was not given before. */
  forward(each: (logged: Logged) => void): Promise<void>
  /** What does not fit: a sealed value that gives another commitment, an entry under another tenant's number. */
  wrong(): readonly string[]
}

export interface ReaderParts {
  readonly read: Pick<RecordReads, 'logShards' | 'logEntries' | 'sealedOf'>
  readonly keys: Pick<SubjectKeys, 'open'>
}

interface Parsed {
  readonly event: string
  readonly type: string
  readonly tenant: string
  readonly shown: Readonly<Record<string, unknown>>
  readonly hidden: Readonly<Record<string, string>>
  readonly tenantNo: number
}

const PAGE = 256
/** Entries that are opened before what waits in this process has its turn: some milliseconds. */
const SLICE = 32
const WRONG_MAX = 20

export function createLogReader(
  { read, keys }: ReaderParts,
  /** Types that are read, and the hidden fields that are opened of each. */
  types: Readonly<Record<string, readonly string[]>>,
): LogReader {
  const places = new Map<string, number>()
  const surrogates = new Map<number, string>()
  const wrong: string[] = []

  async function forward(each: (logged: Logged) => void): Promise<void> {
    for (const { name } of await read.logShards()) {
      for (let from = places.get(name) ?? 0, more = true; more;) {
        const entries = await read.logEntries(name, from, PAGE)
        for (const logged of await openAll(entries.flatMap(parse))) each(logged)
        from = (entries.at(-1)?.index ?? from - 1) + 1
        places.set(name, from)
        more = entries.length > 0
        await setImmediate()
      }
    }
  }

  function parse({ bytes, tenantNo }: LogEntry): readonly Parsed[] {
    const entry = JSON.parse(Buffer.from(bytes).toString('utf8')) as Omit<Parsed, 'tenantNo'>
    if (!Object.hasOwn(types, entry.type)) return []
    const surrogate = surrogates.get(tenantNo) ?? entry.tenant
    surrogates.set(tenantNo, surrogate)
    if (surrogate !== entry.tenant) tell(`${entry.event}: its row in the records names tenant ${tenantNo}, the entry another one`)
    return [{ ...entry, tenantNo }]
  }

  async function openAll(entries: readonly Parsed[]): Promise<readonly Logged[]> {
    const rows = new Map<string, SealedRow>()
    for (const [tenantNo, own] of Map.groupBy(entries, (entry) => entry.tenantNo)) {
      const found = await read.sealedOf(
        tenantNo,
        own.map(({ event }) => event),
      )
      for (const row of found) rows.set(`${row.event} ${row.field}`, row)
    }
    const ring = await keys.open([...new Set([...rows.values()].map(({ keyId }) => keyId))])
    const logged: Logged[] = []
    for (const [at, entry] of entries.entries()) {
      const fields = types[entry.type] ?? []
      const opened = fields.map((field) => [field, openOne(entry, field, rows.get(`${entry.event} ${field}`), ring)] as const)
      logged.push({ ...entry, opened: Object.fromEntries(opened) })
      if ((at + 1) % SLICE === 0) await setImmediate()
    }
    return logged
  }

  /** A field that the entry does not hide was empty. */
  function openOne(
    { event, hidden }: Parsed,
    field: string,
    row: SealedRow | undefined,
    ring: Awaited<ReturnType<SubjectKeys['open']>>,
  ): string | undefined {
    const commitment = hidden[field]
    if (commitment === undefined) return ''
    const key = row && ring.get(row.keyId)
    if (!row || !key) return undefined
    try {
      const { salt, value } = openSealed(key, row)
      if (toBase64Url(commitmentOf(sha256, { event, field, salt, value })) === commitment) return value
    } catch {
      // Told below: the bytes are not those that were sealed.
    }
    tell(`${event}: what the records keep as its ${field} does not give the commitment that the entry holds`)
    return undefined
  }

  function tell(what: string): void {
    if (wrong.length < WRONG_MAX) wrong.push(what)
  }

  return { forward, wrong: () => wrong }
}

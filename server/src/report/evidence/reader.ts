import type { Milliseconds } from 'tokentrail'
import type { Journal } from '../../journal/journal.ts'
import type { Window } from '../../query/answer.ts'
import { openReader, type Reader, type ReaderParts } from '../../query/reader.ts'
import { SEPARATION } from '../../records/actions/separation.ts'
import type { Owner, Records, TokenRecord } from '../../records/records.ts'
import type { LogReader } from './log-reader.ts'

/** What an evidence question reads with, in one tenant's scope. */
export interface EvidenceReader extends Reader {
  /** The window of the question, up to the watermark. */
  readonly seen: Window
  /** Every event received up to here is counted. */
  readonly watermark: Milliseconds
  /** The tenant that the installation begins with also answers for the installation. */
  readonly isInstall: boolean
  readonly records: Records
  readonly journal: Journal
  readonly log: LogReader
  /** Whether duties are kept apart here. */
  separation(): Promise<'enforced' | 'waived'>
  /** Whether rows about an owner or a token are left out: of a person whose data is restricted, and of canaries. Ask after `tokensOf`. */
  hides(what: { readonly owner?: number; readonly token?: number }): boolean
  /** Every token of the tenant in pages, by number. Canaries do not exist here, nor what is restricted; simulated ones only in a simulated tenant. */
  tokenPages(): AsyncIterable<readonly TokenRecord[]>
  /** The tokens behind numbers, without those that do not exist here. */
  tokensOf(numbers: Iterable<number>): Promise<ReadonlyMap<number, TokenRecord>>
  ownersOf(numbers: Iterable<number>): Promise<ReadonlyMap<number, Owner>>
}

export interface EvidenceReaderParts extends ReaderParts {
  readonly journal: Journal
  readonly installTenantNo: number
  readonly log: LogReader
}

const PAGE = 500
/** Hidden tokens that one answer remembers: there are few canaries and few restricted persons. */
const HIDDEN_MAX = 1_000_000

/** Opens store, records and log for one tenant. */
export async function openEvidenceReader(
  parts: EvidenceReaderParts,
  tenantNo: number,
  window: Window,
  watermark: Milliseconds,
  signal?: AbortSignal,
): Promise<EvidenceReader> {
  const reader = await openReader(parts, tenantNo, signal)
  const { read } = parts.records
  const simulated = (await read.tenant(tenantNo))?.simulated ?? false
  const restricted = new Set((await read.restrictions(tenantNo)).map(({ ownerNo }) => ownerNo))
  const hidden = new Set<number>()
  const exists = (token: TokenRecord): boolean => {
    const is = !token.canary && (simulated || !token.simulated) && !restricted.has(token.ownerNo)
    if (!is && hidden.size < HIDDEN_MAX) hidden.add(token.no)
    return is
  }

  return {
    ...reader,
    seen: { from: window.from, to: Math.max(window.from, Math.min(window.to, watermark)) },
    watermark,
    isInstall: tenantNo === parts.installTenantNo,
    records: parts.records,
    journal: parts.journal,
    log: parts.log,
    separation: async () => ((await read.setting(parts.installTenantNo, SEPARATION)) === 'enforced' ? 'enforced' : 'waived'),
    hides: ({ owner = 0, token = 0 }) => restricted.has(owner) || hidden.has(token),
    async *tokenPages() {
      for (let after = 0; ;) {
        signal?.throwIfAborted()
        const page = await read.lives(tenantNo, { after, limit: PAGE })
        const last = page.at(-1)
        if (last === undefined) return
        yield page.filter(exists)
        after = last.no
      }
    },
    async tokensOf(numbers) {
      const found = await inPages(numbers, (nos) => read.tokensByNo(nos))
      return new Map(found.filter((token) => token.tenantNo === tenantNo && exists(token)).map((token) => [token.no, token]))
    },
    async ownersOf(numbers) {
      const found = await inPages(numbers, (nos) => read.ownersByNo(nos))
      return new Map(found.filter((owner) => owner.tenantNo === tenantNo).map((owner) => [owner.no, owner]))
    },
  }
}

async function inPages<Value>(
  numbers: Iterable<number>,
  read: (nos: readonly number[]) => Promise<readonly Value[]>,
): Promise<readonly Value[]> {
  const nos = [...new Set(numbers)].filter((no) => no !== 0)
  const found: Value[] = []
  for (let i = 0; i < nos.length; i += PAGE) found.push(...(await read(nos.slice(i, i + PAGE))))
  return found
}

/** Rows in groups, so that names are looked up for many at once. */
export async function* inGroups<Row>(rows: AsyncIterable<Row>, size = PAGE): AsyncIterable<readonly Row[]> {
  let group: Row[] = []
  for await (const row of rows) {
    group.push(row)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

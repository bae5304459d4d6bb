import { formatKey, formatPolicy, nodesOf, parseKey, toBase64, toBase64Url, QUORUM_NONE, type LogPolicy } from 'tokentrail/log'
import { gapLine, gapRanges, PACK_FILES, type PackLog } from 'tokentrail/verify'
import type { AuditLog } from '../../audit/audit.ts'
import { LOG_CRYPTO, TREE } from '../../audit/crypto.ts'
import type { Window } from '../../query/answer.ts'
import type { LogEntry, LogPlace } from '../../records/audit.ts'
import type { RecordReads, Tenant } from '../../records/records.ts'
import type { EvidenceLevel } from '../evidence/level.ts'
import { openLogHashes } from './log-hashes.ts'
import { spanOf, type LogSpan } from './log-span.ts'
import type { PackFolder, PackSink } from './pack-folder.ts'

/** What the log says in a pack: which part of it, and what was counted while it was written. */
export interface LogPart {
  readonly log: PackLog
  readonly span: LogSpan
  /** The tenant's own entries within the period, by type. */
  readonly counts: ReadonlyMap<string, number>
  readonly policy: LogPolicy
  /** Fingerprints of the keys, to be compared by eye. */
  readonly keys: readonly string[]
  readonly more: boolean
}

export interface LogPartParts {
  readonly read: RecordReads
  readonly audit: Pick<AuditLog, 'flush' | 'file'>
  /** Witnesses that an operator has named, with their quorum. */
  /** Keys of the witnesses that are asked to cosign. */
  readonly witnesses?: LogPolicy['witnesses']
  /** Opens what a level may see of some entries; none where nothing is sealed. */
  readonly disclose?: Disclose
}

/** Lines of `disclosures.ndjson` for an entry, canonical, in the order of their fields. */
export type Disclose = (entries: readonly LogEntry[], level: EvidenceLevel, tenantNo: number) => Promise<readonly string[]>

const PAGE = 500
const FLUSH_MS = 10_000

/** Writes entries, what stands between them, their leaf hashes, disclosures, checkpoints and policy. Null where nothing is signed yet. */
export async function writeLog(
  folder: PackFolder,
  parts: LogPartParts,
  o: {
    readonly tenant: Tenant
    readonly isInstall: boolean
    readonly window: Window
    readonly level: EvidenceLevel
    readonly signal: AbortSignal
  },
): Promise<LogPart | null> {
  await parts.audit.flush(FLUSH_MS)
  const span = await spanOf(parts.read, o.window)
  if (span === null) return null
  const { indexes, counts } = await writeEntries(folder, parts, span, o)
  await writeGaps(folder, parts, span, indexes)
  const policy = policyOf(span, parts.witnesses)
  await folder.put(PACK_FILES.firstCheckpoint, span.first.note)
  await folder.put(PACK_FILES.lastCheckpoint, span.last.note)
  await folder.put(PACK_FILES.policy, formatPolicy(policy))
  return { log: logOf(span, o.isInstall, indexes.length), span, counts, policy, keys: keysOf(policy), more: span.more }
}

function logOf({ shard, first, last }: LogSpan, isInstall: boolean, entries: number): PackLog {
  const checkpoint = ({ size, root }: LogSpan['first']) => ({ size, root: toBase64(root) })
  return {
    origin: shard.origin,
    first: checkpoint(first),
    last: checkpoint(last),
    scope: isInstall ? 'range' : 'tenant',
    entries,
  }
}

/** The whole range for the install's auditor, own entries for a tenant's. */
async function writeEntries(
  folder: PackFolder,
  parts: LogPartParts,
  span: LogSpan,
  o: Parameters<typeof writeLog>[2],
): Promise<{ readonly indexes: readonly number[]; readonly counts: ReadonlyMap<string, number> }> {
  const [entries, leaves, disclosures] = [
    await folder.open(PACK_FILES.entries),
    await folder.open(PACK_FILES.leaves),
    await folder.open(PACK_FILES.disclosures),
  ]
  const [indexes, counts] = [[] as number[], new Map<string, number>()]
  for await (const page of pagesOf(parts.read, span, o.isInstall ? undefined : o.tenant.no)) {
    o.signal.throwIfAborted()
    for (const entry of page) {
      indexes.push(entry.index)
      if (entry.tenantNo === o.tenant.no && entry.at >= o.window.from && entry.at < o.window.to)
        counts.set(entry.type, (counts.get(entry.type) ?? 0) + 1)
    }
    await writeLines(
      entries,
      page.map(({ bytes }) => Buffer.from(bytes).toString()),
    )
    await leaves.write(Buffer.concat(page.map(({ bytes }) => TREE.leaf(bytes))))
    if (parts.disclose) await writeLines(disclosures, await parts.disclose(page, o.level, o.tenant.no))
  }
  for (const sink of [entries, leaves, disclosures]) await sink.end()
  return { indexes, counts }
}

async function* pagesOf(
  read: RecordReads,
  { shard, from, last }: LogSpan,
  tenantNo: number | undefined,
): AsyncIterable<readonly LogEntry[]> {
  let after: LogPlace = { epoch: shard.epoch, index: from - 1 }
  for (;;) {
    const page = await read.logInOrder(tenantNo === undefined ? {} : { tenantNo }, { after, limit: PAGE })
    const inside = page.filter(({ epoch, index }) => epoch === shard.epoch && index < last.size)
    if (inside.length > 0) yield inside
    const end = inside.at(-1)
    if (end === undefined || inside.length < PAGE) return
    after = { epoch: shard.epoch, index: end.index }
  }
}

async function writeGaps(
  folder: PackFolder,
  { audit }: LogPartParts,
  { shard, first, last }: LogSpan,
  indexes: readonly number[],
): Promise<void> {
  const hashes = openLogHashes(audit, shard.name, last.size)
  const sink = await folder.open(PACK_FILES.gaps)
  for (const { from, to } of gapRanges(indexes, [first.size], last.size)) {
    const found = await hashes.of(nodesOf(from, to))
    await sink.write(`${gapLine({ from, hashes: found.map(toBase64Url), to })}\n`)
  }
  await sink.end()
}

/** The keys to compare. How many witnesses are enough is for the reader to say, so the pack asks for none. */
function policyOf({ shard }: LogSpan, witnesses: LogPartParts['witnesses'] = []): LogPolicy {
  return { logs: [{ key: parseKey(LOG_CRYPTO.sha256, shard.vkey) }], witnesses, groups: [], quorum: QUORUM_NONE }
}

function keysOf({ logs, witnesses }: LogPolicy): readonly string[] {
  return [...logs.map(({ key }) => `log ${formatKey(key)}`), ...witnesses.map(({ key }) => `witness ${formatKey(key)}`)]
}

async function writeLines(sink: PackSink, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await sink.write(`${lines.join('\n')}\n`)
}

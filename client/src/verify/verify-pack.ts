import type { OpenedCheckpoint } from '../log/checkpoint.ts'
import { textOf } from '../log/bytes.ts'
import { formatKey, type LogCrypto } from '../log/keys.ts'
import { parsePolicy, type LogPolicy } from '../log/policy.ts'
import { readAfter, type After } from './after.ts'
import { quorumOf, readCheckpoint, signedBy } from './checkpoint.ts'
import { checkCompleteness } from './completeness.ts'
import { readEntries, wrongRoot, type EntriesRead } from './entries.ts'
import { createRecount, type Recount } from './figures.ts'
import { compareOlder, olderSay } from './older.ts'
import { createEventEntries } from './event-rows.ts'
import { wholeOf } from './lines.ts'
import { readManifest, signerOf, wrongFiles, type ReadManifest, type Sha256Stream } from './manifest.ts'
import {
  attempt,
  cannotSay,
  CHECKS,
  failure,
  fails,
  holds,
  verification,
  type CheckName,
  type Outcome,
  type Verification,
} from './outcome.ts'
import { PACK_FILES, type PackLog, type PackManifest } from './pack.ts'
import { citedBatches, readRows, type RowsRead } from './rows.ts'
import { checkTables } from './tables.ts'
import { checkTrust, type Trust } from './trust.ts'
import { PackBroken, type PackFolder } from './zip.ts'

const POLICY_BYTES_MAX = 1 << 20
const UNCOVERED_MS = 3_600_000

/** What a verification of a pack is made with. */
export interface PackToVerify {
  readonly folder: PackFolder
  /** What the reader brought; without it nothing is trusted, and the rest is checked against the pack's own policy. */
  readonly trust: Trust | undefined
  /** Notes of older checkpoints of the same log that the reader holds. */
  readonly older: readonly string[]
  readonly crypto: LogCrypto
  readonly sha256Stream: Sha256Stream
  /** Now, for the expiry. */
  readonly now: number
  readonly onProgress?: (entries: number) => void
}

/** Verifies a pack; gives its manifest too, where it could be read. */
export async function verifyPack(pack: PackToVerify): Promise<Verification & { readonly manifest: PackManifest | undefined }> {
  let read: ReadManifest
  try {
    read = await readManifest(pack.folder)
  } catch (error) {
    const broken = failure('manifest', PACK_FILES.manifest, error)
    return { ...verification([broken, ...unchecked(['manifest'], 'The manifest cannot be read.')]), manifest: undefined }
  }
  const { manifest } = read
  const recount = createRecount(manifest.questions)
  const outcomes = manifest.log ? await verifyProven(pack, read, manifest.log, recount) : await verifyBare(pack, read, recount)
  return { ...verification(outcomes), manifest }
}

/** A report without proofs: only its signature and its files can be checked. */
async function verifyBare(pack: PackToVerify, read: ReadManifest, recount: Recount): Promise<Outcome[]> {
  const signed = await manifestOutcome(pack, read, undefined)
  const isOwn = pack.trust !== undefined && trustsReport(pack, read)
  const trust = isOwn
    ? holds('trust', `You trust the report key ${read.manifest.reportKey}. Nothing here rests on the log.`)
    : cannotSay(
        'trust',
        'This report carries no proofs, and its key is not among yours. Compare it with one you were given by another way.',
        [read.manifest.reportKey],
      )
  const tables = await checkTables(pack.folder, read.manifest, createEventEntries())
  const figures =
    recount.needs('entries') || recount.needs('rows') || tables.wrong.length > 0
      ? recount.outcome(0, tables)
      : cannotSay('figures', 'This report carries no entries to count.', tables.notes)
  return [trust, signed, ...unchecked(['trust', 'manifest', 'figures'], 'This report carries no proofs.'), figures]
}

async function verifyProven(pack: PackToVerify, read: ReadManifest, log: PackLog, recount: Recount): Promise<Outcome[]> {
  let own: LogPolicy
  try {
    own = await packPolicy(pack)
  } catch (error) {
    const broken = failure('manifest', PACK_FILES.policy, error)
    return [
      checkTrust(pack.crypto, pack.trust, log.origin, undefined),
      broken,
      ...unchecked(['trust', 'manifest'], 'The policy of the pack cannot be read.'),
    ]
  }
  const trust = checkTrust(pack.crypto, pack.trust, log.origin, own)
  const policy = pack.trust?.policy ?? own
  const opened = await openBoth(pack, policy, log)
  const after = 'last' in opened ? await attemptAfter(pack, read, { policy, packPolicy: own, last: opened.last }) : undefined
  const manifest = await manifestOutcome(pack, read, after)
  const entries = await entriesOutcomes(pack, read.manifest, log, recount)
  const afterwards = after && 'checkpoint' in after ? after.checkpoint : undefined
  const checkpoint = checkpointOutcome(pack, { policy, log, after: afterwards }, opened, entries.read)
  return [trust, manifest, checkpoint, ...entries.outcomes]
}

async function manifestOutcome(pack: PackToVerify, read: ReadManifest, after: After | Outcome | undefined): Promise<Outcome> {
  return attempt('manifest', PACK_FILES.signature, async () => {
    const wrong = await wrongFiles(pack.folder, read.manifest, pack.sha256Stream)
    const notes = manifestNotes(pack, read.manifest)
    const [first] = wrong
    if (first) {
      const rest = wrong.slice(1, 20).map(({ file, message }) => `${file ?? ''}: ${message}`)
      return fails('manifest', `${first.file ?? ''}: ${first.message}`, first.file === undefined ? {} : { file: first.file }, [
        ...rest,
        ...notes,
      ])
    }
    const key = await signerOf(pack.folder, read, pack.crypto)
    if (after && 'state' in after) return after
    const files = `All ${read.manifest.files.length} files are those that report.json names`
    const where = after ? `entry ${after.index.toLocaleString('en-US')} of the log holds the SHA-256 of report.json` : ''
    if (after?.quorum.isMet) return holds('manifest', `${files}, it is signed by ${formatKey(key)}, and ${where}.`, notes)
    const unseen = after
      ? `${where}, but under a checkpoint that your witnesses have not signed: ${after.quorum.says}`
      : undefined
    if (trustsReport(pack, read))
      return holds('manifest', `${files}, and it is signed by your key ${formatKey(key)}.`, [
        ...(unseen === undefined ? [] : [`Not counted: ${unseen}`]),
        ...notes,
      ])
    return cannotSay(
      'manifest',
      `${files}, and it is signed by ${formatKey(key)}; but that key is not among yours, and ${unseen ?? "the log's own entry of this export is not here."}`,
      notes,
    )
  })
}

function manifestNotes(pack: PackToVerify, manifest: PackManifest): string[] {
  const isLate = Date.parse(manifest.expiresAt) < pack.now
  return [
    `${manifest.report.title}, ${manifest.from} to ${manifest.to}, for ${manifest.recipient}; ${manifest.redaction}.`,
    ...(manifest.separation === 'waived' ? ['Separation of duties was waived: one person could ask and approve.'] : []),
    ...(isLate ? [`It was to be kept until ${manifest.expiresAt}; that is over.`] : []),
  ]
}

function trustsReport(pack: PackToVerify, { manifest }: ReadManifest): boolean {
  const known = [...(pack.trust?.reports ?? []), ...(pack.trust?.policy.logs ?? []).map(({ key }) => key)]
  return known.some((key) => formatKey(key) === manifest.reportKey)
}

type Opened = { readonly first: OpenedCheckpoint; readonly last: OpenedCheckpoint } | { readonly broken: Outcome }

async function openBoth(pack: PackToVerify, policy: LogPolicy, log: PackLog): Promise<Opened> {
  const under = { crypto: pack.crypto, policy, origin: log.origin }
  let file: string = PACK_FILES.firstCheckpoint
  try {
    const first = await readCheckpoint(pack.folder, file, under, log.first)
    file = PACK_FILES.lastCheckpoint
    return { first, last: await readCheckpoint(pack.folder, file, under, log.last) }
  } catch (error) {
    return { broken: failure('checkpoint', file, error) }
  }
}

async function attemptAfter(
  pack: PackToVerify,
  read: ReadManifest,
  of: { readonly policy: LogPolicy; readonly packPolicy: LogPolicy; readonly last: OpenedCheckpoint },
): Promise<After | Outcome | undefined> {
  try {
    return await readAfter(pack.folder, { crypto: pack.crypto, report: read.bytes, ...of })
  } catch (error) {
    return failure('manifest', PACK_FILES.afterProof, error)
  }
}

function checkpointOutcome(
  pack: PackToVerify,
  { policy, log, after }: { readonly policy: LogPolicy; readonly log: PackLog; readonly after: OpenedCheckpoint | undefined },
  opened: Opened,
  entries: EntriesRead | undefined,
): Outcome {
  if ('broken' in opened) return opened.broken
  const quorum = quorumOf(policy, opened.last)
  const rootAt = (size: bigint): Uint8Array | undefined =>
    size === after?.size ? after.root : entries?.walked.roots.get(Number(size))
  const older = compareOlder(pack.crypto, policy, pack.older, {
    origin: log.origin,
    rootAt,
    whyNot: (size) => whyNot(size, log, entries),
  })
  const notes = [`First: ${signedBy(opened.first)}.`, `Last: ${signedBy(opened.last)}.`, quorum.says]
  if (older.bad !== undefined) return fails('checkpoint', older.bad, older.isRewritten ? { index: 0 } : {}, notes)
  if (!quorum.isMet) return fails('checkpoint', quorum.says, { file: PACK_FILES.lastCheckpoint }, notes)
  const says = `The log was signed at ${count(log.first.size)} and at ${count(log.last.size)} entries`
  return olderSay(older, says, notes)
}

function whyNot(size: bigint, log: PackLog, entries: EntriesRead | undefined): string {
  if (size > BigInt(log.last.size)) return `which is newer than this pack of ${count(log.last.size)} entries`
  return entries ? 'because a gap crosses that size' : 'because the entries could not be read'
}

async function entriesOutcomes(
  pack: PackToVerify,
  manifest: PackManifest,
  log: PackLog,
  recount: Recount,
): Promise<{ readonly outcomes: Outcome[]; readonly read: EntriesRead | undefined }> {
  let read: EntriesRead
  const events = createEventEntries()
  try {
    const cited = await citedBatches(pack.folder)
    const cuts = pack.older.flatMap(sizeOf)
    read = await readEntries({
      folder: pack.folder,
      crypto: pack.crypto,
      manifest,
      log,
      recount,
      events,
      cuts,
      cited,
      onProgress: pack.onProgress,
    })
  } catch (error) {
    const broken = failure(
      error instanceof PackBroken && error.file === PACK_FILES.disclosures ? 'disclosure' : 'inclusion',
      PACK_FILES.entries,
      error,
    )
    return {
      outcomes: [
        broken,
        ...unchecked(['trust', 'manifest', 'checkpoint', broken.check], 'The entries could not be read to the end.'),
      ],
      read: undefined,
    }
  }
  const rows = await attemptRows(pack, read, recount)
  const inclusion = wrongRoot(read, log) ?? ('state' in rows ? rows : inclusionHolds(read, rows))
  const form = read.misshapen
    ? fails('form', `Entry ${count(read.misshapen.index)} is not canonical: ${read.misshapen.why}.`, {
        file: PACK_FILES.entries,
        index: read.misshapen.index,
      })
    : holds('form', `All ${count(read.walked.leaves)} entries are canonical JSON in the profile of the log.`)
  const figures =
    'state' in rows
      ? cannotSay('figures', 'The rows could not be read to the end.')
      : recount.outcome(rows.absent, await checkTables(pack.folder, manifest, events))
  return { outcomes: [inclusion, form, completeness(read, manifest, log), read.disclosure, figures], read }
}

function completeness(read: EntriesRead, manifest: PackManifest, log: PackLog): Outcome {
  if (log.scope === 'range' && read.walked.wholeFrom > log.first.size)
    return fails(
      'completeness',
      `Entries between the checkpoints are missing, though the pack claims them all: the last gap ends at ${count(read.walked.wholeFrom)}.`,
      { file: PACK_FILES.gaps, index: log.first.size },
    )
  const expected = { scope: log.scope, tenant: manifest.tenant, to: manifest.to }
  const found = checkCompleteness(read.summary, expected, PACK_FILES.entries)
  const bare = found.state === 'holds' && log.scope === 'range' ? uncovered(read, manifest, log) : undefined
  return bare === undefined ? found : cannotSay('completeness', bare, [found.says, ...found.notes])
}

/** The install has a heartbeat each minute: where entries of a period's begin or end are not here, nothing shows what they were. */
function uncovered(read: EntriesRead, manifest: PackManifest, log: PackLog): string | undefined {
  const { firstAt, lastAt } = read.summary
  if (firstAt === undefined || lastAt === undefined) return undefined
  const isLate = log.first.size > 0 && Date.parse(firstAt) - Date.parse(manifest.from) > UNCOVERED_MS
  const end = Math.min(Date.parse(manifest.to), Date.parse(manifest.madeAt))
  const isEarly = end - Date.parse(lastAt) > UNCOVERED_MS
  if (!isLate && !isEarly) return undefined
  const before = isLate ? ` The period begins at ${manifest.from}, the entries at ${firstAt}, when the log already had some.` : ''
  const after = isEarly ? ` The entries end at ${lastAt}, the period at ${new Date(end).toISOString()}.` : ''
  return `The entries do not cover the period, so nothing shows what the rest of it holds.${before}${after}`
}

async function attemptRows(pack: PackToVerify, read: EntriesRead, recount: Recount): Promise<RowsRead | Outcome> {
  try {
    return await readRows(pack.folder, pack.crypto, read.batches, recount)
  } catch (error) {
    return failure('inclusion', PACK_FILES.rows, error)
  }
}

function inclusionHolds(read: EntriesRead, rows: RowsRead): Outcome {
  const { leaves, absent } = read.walked
  const others = absent === 0 ? 'It is the whole log.' : `Of ${count(absent)} other leaves only hashes are here.`
  const more =
    rows.batches === 0
      ? []
      : [
          `${count(rows.rows)} rows lead to the ${rows.batches === 1 ? 'root of their batch' : `roots of their ${count(rows.batches)} batches`}.`,
        ]
  return holds(
    'inclusion',
    `${leaves === 1 ? 'The one entry stands' : `All ${count(leaves)} entries stand`} in the signed tree, each at its place. ${others}`,
    more,
  )
}

async function packPolicy(pack: PackToVerify): Promise<LogPolicy> {
  const file = PACK_FILES.policy
  if (!pack.folder.files.has(file)) throw new PackBroken('There is no policy.', file)
  return parsePolicy(pack.crypto.sha256, textOf(await wholeOf(pack.folder.read(file), POLICY_BYTES_MAX, file), file))
}

/** The size that a note claims, believed or not: only a wish for a root. */
function sizeOf(note: string): number[] {
  const size = Number(note.split('\n')[1])
  return Number.isSafeInteger(size) && size >= 0 ? [size] : []
}

function unchecked(done: readonly CheckName[], why: string): Outcome[] {
  const left = (Object.keys(CHECKS) as CheckName[]).filter((check) => !done.includes(check))
  return left.map((check) => cannotSay(check, why))
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

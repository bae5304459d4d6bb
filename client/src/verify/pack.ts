import type { Figure } from './tally.ts'

/**
 * The evidence pack: its files and their shapes. A pack is a folder, or a zip that only stores (see zip.ts), so that
 * every byte of it is checked. The words of every check stand in docs/verify.md.
 *
 * Lines of `.ndjson` files end with one line feed, the last one too. Every line, and `report.json`, is canonical JSON
 * (RFC 8785). Hashes inside JSON are 43 characters of base64url without padding, but for `sha256` of files (64
 * characters of hex, as `sha256sum` prints it) and roots of checkpoints (standard base64, as in the note).
 */

/** Names of files in a pack. */
export const PACK_FILES = {
  /** The report as data, and the manifest of all files but itself, its signature and `after/`. */
  manifest: 'report.json',
  /** Detached JWS over the bytes of `report.json`: `<protected>..<signature>` without a line feed, alg EdDSA, kid `<name>+<hash>` of the report key. */
  signature: 'report.json.jws',
  /** Exact bytes of entries, one per line, in the order of the log. */
  entries: 'entries.ndjson',
  /** `Disclosure` lines, in the order of their entries, then by field. */
  disclosures: 'disclosures.ndjson',
  /** Exact bytes of the canonical rows behind batches, one per line, in the order of `proofs/rows.ndjson`. */
  rows: 'rows.ndjson',
  /** `Gap` lines: what stands between the entries. Together with the entries they give the root of every checkpoint. */
  gaps: 'proofs/gaps.ndjson',
  /** 32 bytes per entry: its leaf hash. Nothing rests on it; it names the entry when the root does not fit. */
  leaves: 'proofs/leaves',
  /** `BatchMark` lines, each followed by the `Gap` lines of that batch's own tree. */
  rowProofs: 'proofs/rows.ndjson',
  /** Signed note at the begin of the period, with cosignatures. */
  firstCheckpoint: 'checkpoints/first',
  /** Signed note at the end of the period, with cosignatures. */
  lastCheckpoint: 'checkpoints/last',
  /** tlog-policy: log key, witness keys, quorum. A convenience: the reader brings the keys that count. */
  policy: 'policy',
  /** The page that verifies; a convenience as well. */
  page: 'verify.html',
  /** Exact bytes of the `report.exported` entry that holds the SHA-256 of `report.json`. Made afterwards. */
  afterEntry: 'after/entry',
  /** C2SP tlog-proof of that entry, with the checkpoint it stands in. Signatures only by keys of `policy`. */
  afterProof: 'after/proof',
  /** Consistency of the last checkpoint with that one: a `ConsistencyProof`, canonical JSON and one line feed. */
  afterConsistency: 'after/consistency',
} as const

/** What the manifest cannot hold: itself, its signature, and what is made after it. */
export function isOutsideManifest(name: string): boolean {
  return name === PACK_FILES.manifest || name === PACK_FILES.signature || name.startsWith('after/')
}

/** The sentence that every pack prints. */
export const WHAT_IS_NOT_PROVEN =
  'Tokentrail proves what was recorded and that it was not changed afterwards. It cannot prove that a component which never called it did nothing.'

/** `report.json`. It may hold more members (text of the report, controls, figures as shown); these are checked. */
export interface PackManifest {
  readonly v: 1
  readonly format: 'tokentrail/pack'
  readonly report: { readonly id: string; readonly name: string; readonly title: string; readonly version: string }
  /** Surrogate of the tenant, or `install`. */
  readonly tenant: string
  /** Period, half open, as ISO times. */
  readonly from: string
  readonly to: string
  readonly madeAt: string
  readonly recipient: string
  /** After this time the recipient shall no longer hold the pack. */
  readonly expiresAt: string
  /** Which fields were left out, in words and by level. */
  readonly redaction: string
  readonly separation: 'enforced' | 'waived'
  readonly sentence: typeof WHAT_IS_NOT_PROVEN
  /** Verifier key of the report key, as `<name>+<hash>+<base64>`. */
  readonly reportKey: string
  /** `null`: a report without proofs. */
  readonly log: PackLog | null
  readonly questions: readonly PackQuestion[]
  /** What is printed as tables, in sheets and on pages. */
  readonly answers?: readonly PackTable[]
  /** Every file but those of `isOutsideManifest`, sorted by name. */
  readonly files: readonly PackFile[]
}

/** Which log, between which checkpoints, and which of its entries are here. A pack covers one shard. */
export interface PackLog {
  readonly origin: string
  readonly first: PackCheckpoint
  readonly last: PackCheckpoint
  /**
   * `range`: every entry from `first.size` to `last.size`. `tenant`: every entry of the tenant in that range, so its
   * `n` has no holes. `selection`: entries that were picked, of which nothing is claimed together.
   */
  readonly scope: 'range' | 'tenant' | 'selection'
  /** Number of lines of `entries.ndjson`. */
  readonly entries: number
}

/** A checkpoint without its signatures; the root in standard base64. */
export interface PackCheckpoint {
  readonly size: number
  readonly root: string
}

export interface PackFile {
  readonly name: string
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

/** A named question, with what was asked and how much came back. */
export interface PackQuestion {
  readonly id: string
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
  /** Rows of the answer. */
  readonly rows: number
  /** File that holds the answer, if one does. */
  readonly file?: string
  /** Numbers of the answer that anyone can count again from the pack. */
  readonly figures: readonly PackFigure[]
}

/**
 * A number that is counted again: lines of `source` for which every member of `where` holds, and `within`, if given.
 * Without `sum` lines are counted; with it the integers at that path are added. Paths are members joined by a dot
 * (`shown.accepted`); a path that is absent equals nothing and adds 0. `where` gives one value or several to choose from.
 */
export interface PackFigure {
  readonly name: string
  readonly source: 'entries' | 'rows'
  readonly where: Readonly<Record<string, PackScalar | readonly PackScalar[]>>
  /** Half open; bounds are of the same kind as the values (ISO text in entries, milliseconds in rows). */
  readonly within?: { readonly path: string; readonly from: string | number; readonly to: string | number }
  readonly sum?: string
  readonly value: number
}

/** What a pack prints of an answer: its rows, and figures that were counted from them. */
export interface PackTable {
  readonly question: string
  /** Whose events it tells of. */
  readonly tenant?: string
  /** Up to when events were counted, as ISO time. */
  readonly watermark: string
  /** Rows as lines of JSON, `answers/<question>.ndjson`; the same as a sheet stands in `.csv`. `null` where rows are left out. */
  readonly file: string | null
  readonly figures: readonly Figure[]
}

export type PackScalar = string | number | boolean | null

/**
 * Leaves `from` to `to` (half open) that are not here, as the hashes of the largest aligned subtrees that cover them,
 * from left to right (`aligned` in gaps.ts gives their sizes). A gap ends where an entry stands and at the size of the
 * first checkpoint; two gaps touch there only. Read together with the entries, in order, they give every root without
 * a proof per entry: an entry's index is where it stands between the gaps.
 */
export interface Gap {
  readonly from: number
  readonly hashes: readonly string[]
  readonly to: number
}

/** The lines that follow belong to the tree of this `log.batch` entry, which stands in `entries.ndjson`. */
export interface BatchMark {
  /** Index of the entry in the log. */
  readonly batch: number
}

/** Opens the commitment `hidden[field]` of the entry with this event id. */
export interface OpenDisclosure {
  readonly event: string
  readonly field: string
  /** 32 bytes, base64url. */
  readonly salt: string
  readonly value: string
}

/** A commitment that nobody can open any more, and the entry that says so. */
export interface ErasedDisclosure {
  /** Index of the `subject.erased` or `key.destroyed` entry. */
  readonly erased: number
  readonly event: string
  readonly field: string
}

export type Disclosure = OpenDisclosure | ErasedDisclosure

/** RFC 6962 consistency proof between two sizes of one log. */
export interface ConsistencyProof {
  readonly from: number
  readonly hashes: readonly string[]
  readonly to: number
}

/** Field of `report.exported` (under `shown`) that holds the SHA-256 of `report.json`, in hex. */
export const EXPORTED_DIGEST = 'digest'

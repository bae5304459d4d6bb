import type { Sha256 } from '../merkle.ts'
import { malformed } from './bytes.ts'
import { formatKey, parseKey, SIGNATURE_TYPES } from './keys.ts'
import type { NoteKey } from './keys.ts'

/** Whom a reader trusts (c2sp.org/tlog-policy): logs, witnesses and how many of them must have cosigned. */
export interface LogPolicy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** A witness, a group, or `none`. */
  readonly quorum: string
}

export interface PolicyLog {
  readonly key: NoteKey
  readonly url?: string
}

export interface PolicyWitness {
  readonly name: string
  readonly key: NoteKey
  readonly url?: string
}

/** At least `threshold` of the members. */
export interface PolicyGroup {
  readonly name: string
  readonly threshold: number
  readonly members: readonly string[]
}

export const QUORUM_NONE = 'none'
const LINES_MAX = 1000
const BYTES_MAX = 1024 * 1024

/** Reads a policy; each name must be known before it is used. */
export function parsePolicy(sha256: Sha256, text: string): LogPolicy {
  // eslint-disable-next-line no-control-regex -- the format forbids control characters but tab and newline
  if (text.length > BYTES_MAX || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text))
    throw malformed('policy', 'text of at most 1 MiB without control characters')
  const lines = text.split('\n').map((line) => line.split(/[ \t]+/).filter((word) => word !== ''))
  if (lines.length > LINES_MAX) throw malformed('policy', `at most ${String(LINES_MAX)} lines`)
  let draft: Draft = { logs: [], witnesses: [], groups: [] }
  for (const [word = '', ...rest] of lines) {
    if (word === '' || word.startsWith('#')) continue
    const read = Object.hasOwn(LINES, word) ? LINES[word as keyof typeof LINES] : undefined
    if (!read) throw malformed('policy', 'lines that begin with log, witness, group or quorum')
    draft = read(draft, rest, sha256)
  }
  if (draft.quorum === undefined) throw malformed('policy', 'a quorum line')
  return { ...draft, quorum: draft.quorum }
}

/** Writes a policy. */
export function formatPolicy(policy: LogPolicy): string {
  const url = (place: { readonly url?: string }) => (place.url === undefined ? '' : ` ${place.url}`)
  const lines = [
    ...policy.logs.map((log) => `log ${formatKey(log.key)}${url(log)}`),
    ...policy.witnesses.map((witness) => `witness ${witness.name} ${formatKey(witness.key)}${url(witness)}`),
    ...policy.groups.map((group) => `group ${group.name} ${String(group.threshold)} ${group.members.join(' ')}`),
    `quorum ${policy.quorum}`,
  ]
  return `${lines.join('\n')}\n`
}

/** Whether the keys that cosigned satisfy the quorum. */
export function meetsQuorum(policy: LogPolicy, cosigners: readonly NoteKey[]): boolean {
  const keys = new Set(cosigners.map(formatKey))
  const met = new Set<string>([QUORUM_NONE])
  for (const witness of policy.witnesses) if (keys.has(formatKey(witness.key))) met.add(witness.name)
  for (const group of policy.groups)
    if (group.members.filter((name) => met.has(name)).length >= group.threshold) met.add(group.name)
  return met.has(policy.quorum)
}

interface Draft extends Omit<LogPolicy, 'quorum'> {
  readonly quorum?: string
}

type ReadLine = (draft: Draft, words: readonly string[], sha256: Sha256) => Draft

const LINES = {
  log(draft, [key = '', url, ...more], sha256) {
    if (more.length > 0) throw malformed('policy', 'log <vkey> [<url>]')
    const log = { key: typedKey(sha256, key, [SIGNATURE_TYPES.ed25519]), ...(url === undefined ? {} : { url }) }
    requireNew(draft.logs, log.key)
    return { ...draft, logs: [...draft.logs, log] }
  },
  witness(draft, [name = '', key = '', url, ...more], sha256) {
    if (more.length > 0) throw malformed('policy', 'witness <name> <vkey> [<url>]')
    const types = [SIGNATURE_TYPES.cosignature, SIGNATURE_TYPES.cosignatureMlDsa44]
    const witness = { name: newName(draft, name), key: typedKey(sha256, key, types), ...(url === undefined ? {} : { url }) }
    requireNew(draft.witnesses, witness.key)
    return { ...draft, witnesses: [...draft.witnesses, witness] }
  },
  group(draft, [name = '', threshold = '', ...members]) {
    const taken = draft.groups.flatMap((group) => group.members)
    for (const member of members)
      if (!isDefined(draft, member) || taken.includes(member))
        throw malformed('policy', 'members that are defined above and in no other group')
    if (new Set(members).size !== members.length) throw malformed('policy', 'each member once')
    const group = { name: newName(draft, name), threshold: parseThreshold(threshold, members.length), members }
    return { ...draft, groups: [...draft.groups, group] }
  },
  quorum(draft, [name = '', ...more]) {
    if (more.length > 0 || draft.quorum !== undefined) throw malformed('policy', 'one quorum line with one name')
    if (name !== QUORUM_NONE && !isDefined(draft, name)) throw malformed('policy', 'a quorum that is defined above')
    return { ...draft, quorum: name }
  },
} as const satisfies Record<string, ReadLine>

function parseThreshold(text: string, members: number): number {
  const named: Readonly<Record<string, number>> = { any: 1, all: members }
  const threshold = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : (named[text] ?? 0)
  if (threshold < 1 || threshold > members) throw malformed('policy', 'a threshold of all, any, or 1 to the number of members')
  return threshold
}

function typedKey(sha256: Sha256, text: string, types: readonly number[]): NoteKey {
  const key = parseKey(sha256, text)
  if (!types.includes(key.type)) throw malformed('policy', 'a key of the type its line needs')
  return key
}

/** Two keys are the same when their bytes are, whatever they are called. */
function requireNew(known: readonly { readonly key: NoteKey }[], key: NoteKey): void {
  if (known.some((other) => other.key.publicKey.join() === key.publicKey.join())) throw malformed('policy', 'each key once')
}

function newName(draft: Draft, name: string): string {
  if (name === '' || name === QUORUM_NONE || isDefined(draft, name)) throw malformed('policy', 'a new name')
  return name
}

function isDefined(draft: Draft, name: string): boolean {
  return [...draft.witnesses, ...draft.groups].some((known) => known.name === name)
}

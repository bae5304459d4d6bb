import { malformed, toHex } from '../log/bytes.ts'
import { formatKey, parseKey, SIGNATURE_TYPES, type LogCrypto, type NoteKey } from '../log/keys.ts'
import { meetsQuorum, parsePolicy, QUORUM_NONE, type LogPolicy } from '../log/policy.ts'
import { cannotSay, fails, holds, type Outcome } from './outcome.ts'

/** Whom the reader trusts. Only this counts; what a pack says about keys is a convenience. */
export interface Trust {
  readonly policy: LogPolicy
  /** Keys that sign reports. */
  readonly reports: readonly NoteKey[]
}

/**
 * Reads what a reader brings: a tlog-policy, or just verifier keys, one per line. Besides the lines of a policy it knows
 * `report <vkey>`. Where no quorum is named, every witness that is named must have signed.
 */
export function readTrust(crypto: LogCrypto, text: string): Trust {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const reports = lines.filter((line) => /^report\s/.test(line)).map((line) => parseKey(crypto.sha256, line.slice(7).trim()))
  const others = lines.filter((line) => !/^report\s/.test(line))
  const policy = others.map((line, i) => (/^(log|witness|group|quorum)\s/.test(line) ? line : policyLine(crypto, line, i)))
  return { policy: parsePolicy(crypto.sha256, [...policy, ...quorumFor(policy)].join('\n')), reports }
}

/** Keys as they are printed for comparison by eye: the verifier key, and the SHA-256 of its public key in groups of four. */
export function fingerprintOf(crypto: LogCrypto, key: NoteKey): string {
  return (toHex(crypto.sha256(key.publicKey)).match(/.{1,4}/g) ?? []).join(' ')
}

/** Check `trust`: does a key that the reader brought belong to this log? */
export function checkTrust(crypto: LogCrypto, trust: Trust | undefined, origin: string, offered: LogPolicy | undefined): Outcome {
  const notes = offered ? keysOf(crypto, offered) : []
  if (!trust)
    return cannotSay(
      'trust',
      'You brought no key. All that follows says only that this agrees with itself: whoever made it may have made the keys too. Compare the keys below with those you were given by another way.',
      notes,
    )
  const key = trust.policy.logs.find((log) => log.key.name === origin)?.key
  if (!key) return fails('trust', `None of the keys that you brought is a key of the log ${origin}.`, {}, notes)
  const quorum = trust.policy.quorum === QUORUM_NONE ? 'you ask for no witness' : `you ask for the quorum ${trust.policy.quorum}`
  return holds('trust', `You trust the key ${formatKey(key)} of the log ${origin}; ${quorum}.`, [
    `Fingerprint: ${fingerprintOf(crypto, key)}`,
    ...(trust.policy.quorum === QUORUM_NONE ? [WITHOUT_WITNESS] : []),
  ])
}

/** Whether these witnesses are enough for the reader. */
export function isQuorum(policy: LogPolicy, cosigners: readonly NoteKey[]): boolean {
  return meetsQuorum(policy, cosigners)
}

export const WITHOUT_WITNESS =
  'Without a witness or another copy outside the reach of the operator, an administrator who holds the records and the log key can rewrite everything and sign it again.'

function keysOf(crypto: LogCrypto, policy: LogPolicy): string[] {
  const lines = (word: string, key: NoteKey): string[] => [
    `${word} ${formatKey(key)}`,
    `Fingerprint: ${fingerprintOf(crypto, key)}`,
  ]
  return [
    ...policy.logs.flatMap(({ key }) => lines('log', key)),
    ...policy.witnesses.flatMap(({ name, key }) => lines(`witness ${name}`, key)),
    `quorum ${policy.quorum}`,
  ]
}

function policyLine(crypto: LogCrypto, text: string, i: number): string {
  const key = parseKey(crypto.sha256, text)
  if (key.type === SIGNATURE_TYPES.ed25519) return `log ${text}`
  if (key.type === SIGNATURE_TYPES.cosignature) return `witness given-${i} ${text}`
  throw malformed('verifier key', 'the key of a log or of a witness')
}

function quorumFor(policy: readonly string[]): string[] {
  if (policy.some((line) => /^quorum\s/.test(line))) return []
  const witnesses = policy.flatMap((line) => /^witness\s+(\S+)/.exec(line)?.[1] ?? [])
  return witnesses.length === 0 ? ['quorum none'] : [`group all-given all ${witnesses.join(' ')}`, 'quorum all-given']
}

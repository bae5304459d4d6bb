import { checkCanonical, toBase64 } from 'tokentrail/log'
import type { LogShard } from '../records/audit.ts'

/** The two ends of a shard as its entries give them: what the next one must name, and what it says of the one before. */
export interface ShardEnds {
  readonly shard: LogShard & { readonly isGivenUp: boolean }
  readonly first?: Uint8Array
  readonly last?: Uint8Array
  readonly size: number
  readonly root: Uint8Array
}

interface End {
  readonly origin?: unknown
  readonly vkey?: unknown
  readonly size?: unknown
  readonly root?: unknown
}

/** Where a shard does not follow the one before it: its first entry names that one's final size and root; null where it follows. */
export function chainBreak(before: ShardEnds | null, { shard, first }: ShardEnds): string | null {
  if (first === undefined) return null
  const { type, shown } = entryOf(first)
  const expected = shard.recovered === null ? 'log.opened' : 'log.recovered'
  if (type !== expected) return `The first entry of the log ${shard.name} is ${type}, not ${expected}.`
  if (shown.origin !== shard.origin || shown.vkey !== shard.vkey)
    return `The first entry of the log ${shard.name} names another origin or key than the shard has.`
  const previous: End | null = shown.previous ?? null
  if (!before) return previous === null ? null : `The log ${shard.name} follows a shard that is not here.`
  if (previous === null) return `The log ${shard.name} does not name the one before it, ${before.shard.name}.`
  if (shard.previous !== before.shard.name) return `In the records the log ${shard.name} does not follow ${before.shard.name}.`
  return endBreak(before, previous, shard) ?? closingBreak(before, shard)
}

/** A recovery names how far the records came, for the rest is lost; every other beginning the whole tree. */
function endBreak({ shard: old, size, root }: ShardEnds, named: End, shard: LogShard): string | null {
  const what = `The first entry of the log ${shard.name} says that ${old.name} ended`
  if (named.origin !== old.origin || named.vkey !== old.vkey) return `${what} under another origin or key than it had.`
  const final = old.isGivenUp ? old.head.size : size
  if (named.size !== final) return `${what} at size ${String(named.size)}, and its entries end at ${final}.`
  if (old.isGivenUp) return null
  return named.root === toBase64(root) ? null : `${what} with another root than its entries give.`
}

function closingBreak({ shard: old, last }: ShardEnds, shard: LogShard): string | null {
  if (old.isGivenUp || last === undefined) return null
  const { type, shown } = entryOf(last)
  const next = shown.next as End | undefined
  if (type !== 'log.closed') return `The last entry of the log ${old.name} is ${type}, not log.closed.`
  return next?.origin === shard.origin && next.vkey === shard.vkey
    ? null
    : `The last entry of the log ${old.name} names another shard as the next than ${shard.name}.`
}

/** Entries that cannot be read are told by the check of entries; here they are of no type. */
function entryOf(bytes: Uint8Array): { readonly type: string; readonly shown: Readonly<Record<string, unknown>> } {
  try {
    const { type, shown } = checkCanonical(bytes) as { type?: unknown; shown?: Readonly<Record<string, unknown>> }
    return { type: typeof type === 'string' ? type : 'of no type', shown: shown ?? {} }
  } catch {
    return { type: 'of no type', shown: {} }
  }
}

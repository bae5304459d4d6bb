import { createHash } from 'node:crypto'
import { parseEventId } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { addressBytes, networkBytes } from '../privacy/address.ts'
import { clientFamily } from '../privacy/client-family.ts'
import type { Privacy, Source } from '../privacy/privacy.ts'
import { createLabels } from '../tokens/labels.ts'
import type { KnownToken } from './known-tokens.ts'
import { parseLine, type Line } from './line.ts'
import { toRow, UNPROVEN } from './to-row.ts'

/** Turns lines of the ingest format into rows without a server: numbers and pseudonyms are made up, the same for the same file. */
export interface OfflineRows {
  /** The row of a line; throws a TrailError that names the field. `position` numbers it where the line has no `evt_…` of its own. */
  row(value: unknown, position: number): EventRow
  readonly names: {
    token(no: number): { readonly id: string; readonly name: string | null } | undefined
    owner(no: number): string | undefined
  }
}

const TENANT = { no: 1, retention: 4 } as const
const KINDS_KEPT_MAX = 1_000_000

export function createOfflineRows(): OfflineRows {
  const tokens = createNumbers()
  const owners = createNumbers()
  const canaries = new Set<string>()
  const ownerOf = new Map<number, number>()
  const privacy = createOfflinePrivacy()
  const labels = createLabels()

  function row(value: unknown, position: number): EventRow {
    const line = parseLine(value)
    const { token, claimed, actor, id } = line.given
    const isProven = token !== undefined && !(line.outcome === 'rejected' && UNPROVEN.has(line.reason))
    const named = claimed ?? token
    const made = toRow(line, {
      tenant: TENANT,
      now: line.at,
      privacy,
      labels,
      token: isProven ? known(token, line) : undefined,
      claimed: !isProven && named !== undefined ? known(named, line) : undefined,
      actorNo: actor === undefined ? 0 : owners.numberOf(actor),
    })
    return Object.assign(made, parseEventId(id ?? '') ?? { writer: 0, seq: position })
  }

  function known(id: string, { given, reason }: Line): KnownToken {
    const no = tokens.numberOf(id)
    if (reason === 'canary' || reason === 'canary_issued') canaries.add(id)
    if (given.owner !== undefined) ownerOf.set(no, owners.numberOf(given.owner))
    return {
      no,
      id,
      kind: given.kind ?? 'access',
      ownerNo: ownerOf.get(no) ?? 0,
      generation: 0,
      observed: true,
      canary: canaries.has(id),
      simulated: false,
    }
  }

  return {
    row,
    names: {
      token: (no) => (tokens.nameOf(no) === undefined ? undefined : { id: tokens.nameOf(no) ?? '', name: null }),
      owner: owners.nameOf,
    },
  }
}

/** Numbers from 1 for names, in the order in which they come. */
function createNumbers(): { numberOf(name: string): number; nameOf(no: number): string | undefined } {
  const numbers = new Map<string, number>()
  const names: string[] = []
  return {
    numberOf(name) {
      const known = numbers.get(name)
      if (known !== undefined) return known
      names.push(name)
      numbers.set(name, names.length)
      return names.length
    },
    nameOf: (no) => names[no - 1],
  }
}

/** Pseudonyms that hide nothing, for a file that holds the clear addresses anyway. */
function createOfflinePrivacy(): Pick<Privacy, 'source' | 'resource' | 'fingerprint' | 'sealAddress'> {
  const sources = new Map<string, Source>()

  function source(_tenant: number, _at: number, ip = '', userAgent = ''): Source {
    const key = `${ip} ${userAgent}`
    const kept = sources.get(key)
    if (kept) return kept
    const address = addressBytes(ip)
    const made: Source = {
      addressDay: address ? hashOf(address) : 0n,
      addressMonth: address ? hashOf(address) : 0n,
      network: address ? hashOf(networkBytes(address)) : 0n,
      asn: 0,
      country: '',
      client: clientFamily(userAgent),
      clientHash: Number(hashOf(userAgent) & 0xffffffffn),
    }
    if (sources.size >= KINDS_KEPT_MAX) sources.clear()
    sources.set(key, made)
    return made
  }

  return {
    source,
    sealAddress: () => '',
    resource: (_tenant, resource) => hashOf(resource),
    fingerprint: (_tenant, _at, sha256) => ({ fingerprint: sha256.subarray(0, 16), epoch: 0 }),
  }
}

function hashOf(value: string | Uint8Array): bigint {
  return createHash('sha256').update(value).digest().readBigUInt64LE()
}

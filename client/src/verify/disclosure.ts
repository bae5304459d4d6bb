import { fromBase64Url, toBase64Url } from '../log/bytes.ts'
import { checkCanonical, WIDE_PROFILE } from '../log/canonical.ts'
import { commitmentOf } from '../log/commitment.ts'
import type { LogCrypto } from '../log/keys.ts'
import type { LineReader } from './lines.ts'
import { cannotSay, fails, holds, type Outcome, type Place } from './outcome.ts'
import { PACK_FILES, type Disclosure, type OpenDisclosure } from './pack.ts'
import { PackBroken } from './zip.ts'

/** An entry as the check of disclosures meets it. */
export interface Disclosing {
  readonly index: number
  readonly event: string
  readonly type: string
  readonly tenant: string
  readonly hidden: Readonly<Record<string, unknown>>
}

/** Goes along the entries and opens what is disclosed about each. */
export interface Disclosures {
  /** The entries must come in order. */
  visit(entry: Disclosing): Promise<void>
  end(): Promise<Outcome>
}

const FILE = PACK_FILES.disclosures
const ERASED_MAX = 1_000_000
const ERASERS: ReadonlySet<string> = new Set(['subject.erased', 'key.destroyed'])

/** Begins at the first disclosure; stands at one at a time. */
export async function createDisclosures(
  crypto: LogCrypto,
  lines: LineReader,
  onOpened: (opening: OpenDisclosure) => void = () => undefined,
): Promise<Disclosures> {
  const erasures = createErasures()
  let [opened, withheld, commitments] = [0, 0, 0]
  let wrong: Wrong | undefined
  let waiting = await nextOf(lines)

  function meet(entry: Disclosing, disclosure: Disclosure): void {
    const commitment = Object.hasOwn(entry.hidden, disclosure.field) ? entry.hidden[disclosure.field] : undefined
    const place = { file: FILE, index: entry.index }
    if (typeof commitment !== 'string') wrong ??= { says: `Entry ${entry.index} has no hidden ${disclosure.field}.`, place }
    else if ('erased' in disclosure) wrong ??= erasures.claim(entry, disclosure.erased)
    else if (isOpenedBy(crypto, commitment, disclosure)) {
      opened += 1
      onOpened(disclosure)
    } else wrong ??= { says: `The ${disclosure.field} of entry ${entry.index} is not the one that was recorded.`, place }
  }

  return {
    async visit(entry) {
      wrong ??= erasures.visit(entry)
      const hidden = Object.keys(entry.hidden).length
      commitments += hidden
      let field = ''
      for (; waiting?.event === entry.event; waiting = await nextOf(lines)) {
        if (waiting.field <= field)
          wrong ??= {
            says: `The ${waiting.field} of entry ${entry.index} is told twice, or out of order.`,
            place: { file: FILE },
          }
        field = waiting.field
        meet(entry, waiting)
        withheld -= 1
      }
      withheld += hidden
    },
    async end() {
      if (waiting)
        wrong ??= {
          says: `A disclosure is about ${waiting.event}, which is not here, or not in the order of the entries.`,
          place: { file: FILE },
        }
      return outcomeOf({ opened, withheld, commitments, wrong, ...erasures.found() })
    },
  }
}

interface Wrong {
  readonly says: string
  readonly place: Place
}

/** What an entry of an erasure is said to have taken. */
interface Claim {
  readonly tenant: string
  /** The entry of an erasure was seen at this index. */
  isThere: boolean
}

/** Follows what is said to be erased. An erasure names nobody, so its entry shows that it happened, never whom or what it took. */
function createErasures(): {
  claim(entry: Disclosing, index: number): Wrong | undefined
  visit(entry: Disclosing): Wrong | undefined
  found(): { readonly claimed: number; readonly there: readonly number[]; readonly absent: readonly number[] }
} {
  const claims = new Map<number, Claim>()
  let claimed = 0
  return {
    claim({ index, tenant }, erased) {
      claimed += 1
      const place = { file: FILE, index }
      if (erased <= index) return { says: `Entry ${index} is said to be erased by leaf ${erased}, which is not after it.`, place }
      const known = claims.get(erased)
      if (known && known.tenant !== tenant) return { says: `Leaf ${erased} is said to have erased values of two tenants.`, place }
      if (!known && claims.size >= ERASED_MAX) return { says: `More than ${ERASED_MAX} erasures are named.`, place }
      if (!known) claims.set(erased, { tenant, isThere: false })
      return undefined
    },
    visit({ index, type, tenant }) {
      const claim = claims.get(index)
      if (!claim) return undefined
      if (!ERASERS.has(type) || (tenant !== claim.tenant && tenant !== 'install'))
        return { says: `Leaf ${index} is named as an erasure; it is ${type} of ${tenant}.`, place: { file: FILE, index } }
      claim.isThere = true
      return undefined
    },
    found() {
      const there = [...claims].filter(([, { isThere }]) => isThere).map(([index]) => index)
      const absent = [...claims].filter(([, { isThere }]) => !isThere).map(([index]) => index)
      return { claimed, there, absent }
    },
  }
}

interface Found {
  readonly opened: number
  readonly withheld: number
  readonly commitments: number
  readonly wrong: Wrong | undefined
  /** Values that are said to be erased, and by which leaves. */
  readonly claimed: number
  readonly there: readonly number[]
  readonly absent: readonly number[]
}

function outcomeOf({ opened, withheld, commitments, wrong, claimed, there, absent }: Found): Outcome {
  const notes = [
    ...(withheld > 0 ? [`${count(withheld)} hidden values are not disclosed here.`] : []),
    ...(there.length > 0
      ? [
          `The log holds an erasure after those entries at leaf ${listOf(there)}. An erasure names nobody, so nothing shows that it took these values.`,
        ]
      : []),
    ...(absent.length > 0 ? [`The leaf that is named as their erasure is not in this pack: ${listOf(absent)}.`] : []),
  ]
  if (wrong) return fails('disclosure', wrong.says, wrong.place, notes)
  const shown = opened > 0 ? `${count(opened)} disclosed values are exactly those that were recorded. ` : ''
  if (claimed > 0)
    return cannotSay(
      'disclosure',
      `${shown}Not proven: the exporter says that ${claimed === 1 ? 'one value was' : `${count(claimed)} values were`} erased.`,
      notes,
    )
  if (opened === 0)
    return cannotSay(
      'disclosure',
      commitments === 0 ? 'No entry here hides a value.' : 'No hidden value is disclosed here.',
      notes,
    )
  return holds('disclosure', shown.trim(), notes)
}

function listOf(indexes: readonly number[]): string {
  return `${indexes.slice(0, 20).map(count).join(', ')}${indexes.length > 20 ? `, and ${count(indexes.length - 20)} more` : ''}`
}

function isOpenedBy(crypto: LogCrypto, commitment: string, disclosure: OpenDisclosure): boolean {
  const salt = fromBase64Url(disclosure.salt, FILE)
  return toBase64Url(commitmentOf(crypto.sha256, { ...disclosure, salt })) === commitment
}

async function nextOf(lines: LineReader): Promise<Disclosure | undefined> {
  const line = await lines.next()
  if (!line) return undefined
  const value = valueOf(line)
  if (!isDisclosure(value)) throw new PackBroken('A line is not a disclosure.', FILE)
  return value
}

function valueOf(line: Uint8Array): unknown {
  try {
    return checkCanonical(line, WIDE_PROFILE)
  } catch (error) {
    throw new PackBroken(`A line is not a disclosure: ${error instanceof Error ? error.message : 'unreadable'}.`, FILE)
  }
}

/** Either a value with its salt, or a word of erasure: nothing can be both. */
function isDisclosure(value: unknown): value is Disclosure {
  if (typeof value !== 'object' || value === null) return false
  const { event, field, erased, salt, value: text } = value as Readonly<Record<string, unknown>>
  if (typeof event !== 'string' || typeof field !== 'string') return false
  const names = Object.keys(value).join()
  if (names === 'erased,event,field') return Number.isSafeInteger(erased)
  return names === 'event,field,salt,value' && typeof salt === 'string' && SALT.test(salt) && typeof text === 'string'
}

/** 32 bytes in the one spelling of base64url. */
const SALT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

function count(value: number): string {
  return value.toLocaleString('en-US')
}

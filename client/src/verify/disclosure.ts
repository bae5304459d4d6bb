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
  const erasers = new Set<number>()
  const seen = new Map<number, string>()
  let [opened, erased, withheld, commitments] = [0, 0, 0, 0]
  let wrong: { readonly says: string; readonly place: Place } | undefined
  let waiting = await nextOf(lines)

  function meet(entry: Disclosing, disclosure: Disclosure): void {
    const commitment = entry.hidden[disclosure.field]
    const place = { file: FILE, index: entry.index }
    if (typeof commitment !== 'string') wrong ??= { says: `Entry ${entry.index} has no hidden ${disclosure.field}.`, place }
    else if ('erased' in disclosure) {
      if (erasers.size < ERASED_MAX) erasers.add(disclosure.erased)
      erased += 1
    } else if (isOpenedBy(crypto, commitment, disclosure)) {
      opened += 1
      onOpened(disclosure)
    } else wrong ??= { says: `The ${disclosure.field} of entry ${entry.index} is not the one that was recorded.`, place }
  }

  return {
    async visit(entry) {
      if (ERASERS.has(entry.type) && seen.size < ERASED_MAX) seen.set(entry.index, entry.type)
      const hidden = Object.keys(entry.hidden).length
      commitments += hidden
      let met = 0
      for (; waiting?.event === entry.event; waiting = await nextOf(lines)) {
        meet(entry, waiting)
        met += 1
      }
      withheld += Math.max(0, hidden - met)
    },
    async end() {
      if (waiting)
        wrong ??= {
          says: `A disclosure is about ${waiting.event}, which is not here, or not in the order of the entries.`,
          place: { file: FILE },
        }
      const unseen = [...erasers].filter((index) => !seen.has(index))
      return outcomeOf({
        opened,
        erased,
        withheld,
        commitments,
        wrong,
        erasers: [...erasers].filter((index) => seen.has(index)),
        unseen,
      })
    },
  }
}

interface Found {
  readonly opened: number
  readonly erased: number
  readonly withheld: number
  readonly commitments: number
  readonly wrong: { readonly says: string; readonly place: Place } | undefined
  readonly erasers: readonly number[]
  readonly unseen: readonly number[]
}

function outcomeOf({ opened, erased, withheld, commitments, wrong, erasers, unseen }: Found): Outcome {
  const notes = [
    ...(withheld > 0 ? [`${count(withheld)} hidden values are not disclosed here.`] : []),
    ...(erasers.length > 0 ? [`Erased, leaf ${erasers.slice(0, 20).map(count).join(', ')}.`] : []),
    ...(unseen.length > 0
      ? [`Said to be erased by leaf ${unseen.slice(0, 20).map(count).join(', ')}, which is not here or says something else.`]
      : []),
  ]
  if (wrong) return fails('disclosure', wrong.says, wrong.place, notes)
  if (opened + erased === 0)
    return cannotSay(
      'disclosure',
      commitments === 0 ? 'No entry here hides a value.' : 'No hidden value is disclosed here.',
      notes,
    )
  const both = [
    opened > 0 ? `${count(opened)} disclosed values are exactly those that were recorded` : '',
    erased > 0 ? `${count(erased)} were erased and can be opened by nobody` : '',
  ]
  return holds('disclosure', `${both.filter(Boolean).join('; ')}.`, notes)
}

function isOpenedBy(crypto: LogCrypto, commitment: string, disclosure: Exclude<Disclosure, { erased: number }>): boolean {
  const salt = fromBase64Url(disclosure.salt, FILE)
  return toBase64Url(commitmentOf(crypto.sha256, { ...disclosure, salt })) === commitment
}

async function nextOf(lines: LineReader): Promise<Disclosure | undefined> {
  const line = await lines.next()
  if (!line) return undefined
  const value: unknown = checkCanonical(line, WIDE_PROFILE)
  if (!isDisclosure(value)) throw new PackBroken('A line is not a disclosure.', FILE)
  return value
}

function isDisclosure(value: unknown): value is Disclosure {
  if (typeof value !== 'object' || value === null) return false
  const read = value as Readonly<Record<string, unknown>>
  if (typeof read['event'] !== 'string' || typeof read['field'] !== 'string') return false
  return Number.isSafeInteger(read['erased']) || (typeof read['salt'] === 'string' && typeof read['value'] === 'string')
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

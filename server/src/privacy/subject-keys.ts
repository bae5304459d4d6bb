import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { TrailError } from '../errors.ts'
import {
  nameOfSubject,
  openSubjectKeyTable,
  type StoredSubjectKey,
  type Subject,
  type SubjectKeyTable,
} from './subject-key-table.ts'
import type { KeyEncryption } from './wrap.ts'

/** A subject's key in memory. */
export interface SubjectKey {
  readonly id: string
  readonly key: KeyObject
}

/** Keys of subjects: 32 random bytes each, kept apart from records. Destroying one is what erases. */
export interface SubjectKeys {
  /** The keys of subjects, made where there is none; durable before this resolves. In the order asked for. */
  ensure(subjects: readonly Subject[]): Promise<readonly SubjectKey[]>
  /** The living keys of these ids; a destroyed one is missing. */
  open(ids: readonly string[]): Promise<ReadonlyMap<string, KeyObject>>
  /** Ids of an owner's living keys, with their classes. */
  of(tenantNo: number, ownerNo: number): Promise<readonly Pick<StoredSubjectKey, 'id' | 'class'>[]>
  /** Destroys keys here and on disk; gives those that were there. */
  destroy(ids: readonly string[]): Promise<readonly string[]>
  /** Wraps every living key under the newest key-encryption key; gives how many it touched. */
  rewrap(): Promise<number>
  /** Forgets what memory holds: another server may have destroyed keys. */
  forget(): void
  close(): Promise<void>
}

/** Keys kept in memory; at the bound the oldest is read again when it is needed. */
const CACHED_MAX = 65_536
const REWRAPPED_AT_ONCE = 1_000

/** Opens the keys: in PostgreSQL where a URL is given, else in an SQLite file of their own. */
export async function openSubjectKeys(o: { kek: KeyEncryption } & ({ file: string } | { url: string })): Promise<SubjectKeys> {
  const table = await openSubjectKeyTable(o)
  const cached = new Map<string, SubjectKey>()
  const ringed = (stored: StoredSubjectKey): SubjectKey => ({ id: stored.id, key: unwrapped(o.kek, stored) })

  function hold(subject: Subject, key: SubjectKey): void {
    if (cached.size >= CACHED_MAX) cached.delete(cached.keys().next().value ?? '')
    cached.set(nameOfSubject(subject), key)
  }

  /** A key may be pushed out of memory by its neighbours, so what was made is given beside what is kept. */
  async function make(subjects: readonly Subject[]): Promise<ReadonlyMap<string, SubjectKey>> {
    const kept = await table.put(subjects.map((subject) => newKey(o.kek, subject)))
    const made = new Map(kept.map((stored) => [nameOfSubject(stored), ringed(stored)]))
    for (const stored of kept) hold(stored, made.get(nameOfSubject(stored)) ?? ringed(stored))
    return made
  }

  async function ensure(subjects: readonly Subject[]): Promise<readonly SubjectKey[]> {
    const known = subjects.map((subject) => cached.get(nameOfSubject(subject)))
    const missing = new Map(subjects.flatMap((subject, at) => (known[at] ? [] : [[nameOfSubject(subject), subject] as const])))
    const made = missing.size > 0 ? await make([...missing.values()]) : new Map<string, SubjectKey>()
    return subjects.map((subject, at) => known[at] ?? made.get(nameOfSubject(subject)) ?? unmade())
  }

  return {
    ensure,
    async open(ids) {
      return new Map((await table.byId([...new Set(ids)])).map((stored) => [stored.id, ringed(stored).key]))
    },
    of: async (tenantNo, ownerNo) => (await table.of(tenantNo, ownerNo)).map(({ id, class: of }) => ({ id, class: of })),
    async destroy(ids) {
      const gone = new Set(ids)
      for (const [name, { id }] of cached) if (gone.has(id)) cached.delete(name)
      return table.destroy(ids)
    },
    rewrap: () => rewrapAll(table, o.kek),
    forget: () => cached.clear(),
    close: () => table.close(),
  }
}

function unmade(): never {
  throw new TypeError('put: gives a key for each subject')
}

function newKey(kek: KeyEncryption, subject: Subject): StoredSubjectKey {
  const id = randomBytes(16).toString('base64url')
  return { id, ...subject, wrapped: kek.wrap(randomBytes(32), purposeOf({ id, ...subject })) }
}

function unwrapped(kek: KeyEncryption, stored: StoredSubjectKey): KeyObject {
  try {
    return createSecretKey(kek.unwrap(stored.wrapped, purposeOf(stored)))
  } catch (cause) {
    throw new TrailError(
      'config_invalid',
      'A subject key does not open under the key-encryption key of this data. Use the key file that belongs to it.',
      { input: 'kek', cause },
    )
  }
}

async function rewrapAll(table: SubjectKeyTable, kek: KeyEncryption): Promise<number> {
  let count = 0
  for (let last = ''; ;) {
    const page = await table.after(last, REWRAPPED_AT_ONCE)
    const old = page.filter(({ wrapped }) => !kek.isNewest(wrapped))
    const changed = old.map((key) => ({ id: key.id, wrapped: kek.wrap(kek.unwrap(key.wrapped, purposeOf(key)), purposeOf(key)) }))
    if (changed.length > 0) await table.rewrap(changed)
    count += changed.length
    if (page.length < REWRAPPED_AT_ONCE) return count
    last = page.at(-1)?.id ?? ''
  }
}

function purposeOf(key: Subject & { readonly id: string }): string {
  return `subject|${nameOfSubject(key)}|${key.id}`
}

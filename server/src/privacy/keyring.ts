import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { Records, StoredKey } from '../records/records.ts'
import { DOMAINS, destroyAfterOf, USUAL_DOMAINS, type DomainName } from './domains.ts'
import type { KeyEncryption } from './wrap.ts'

/** Pseudonym keys in memory, each also in records, wrapped. A key is 32 random bytes and never derived. */
export interface Keyring {
  /** The key at hand, else `undefined`; never waits. */
  get(domain: DomainName, tenant: number, epoch: number): KeyObject | undefined
  /** Makes the keys of every domain for the epochs that hold `at`. Whoever writes a key first wins; all use that one. */
  ensure(tenant: number, at: Milliseconds, now: Milliseconds): Promise<void>
  /** Makes one key, which lives so long after its epoch. */
  ensureOne(domain: DomainName, tenant: number, epoch: number, o: { now: Milliseconds; livesAfterMs: number }): Promise<void>
  /** Forgets, here and in records, the keys whose time is over; gives how many records held. */
  destroyBefore(at: Milliseconds): Promise<number>
  /** Destroys every key of a domain of a tenant, whatever its date. */
  destroyOf(domain: DomainName, tenant: number, at: Milliseconds): Promise<number>
  /** Epochs of which there is a key. */
  epochs(domain: DomainName, tenant: number): readonly number[]
  /** Reads all keys anew: another server may have destroyed or replaced some. */
  reload(): Promise<void>
  /** Wraps every key under the newest key-encryption key; gives how many it touched. */
  rewrap(): Promise<number>
}

/** Reads all living keys. A key that does not open stops the start: pseudonyms would silently change. */
export async function openKeyring(records: Records, kek: KeyEncryption): Promise<Keyring> {
  const keys = new Map<string, { readonly key: KeyObject; readonly destroyAfter: Milliseconds }>()
  const hold = (stored: StoredKey) => keys.set(nameOf(stored), { key: open(kek, stored), destroyAfter: stored.destroyAfter })
  /** What is made while records are read is newer than what was read. */
  const reload = async () => {
    const before = new Map(keys)
    const stored = new Map((await records.read.keys()).map((key) => [nameOf(key), key]))
    for (const [name, held] of before) if (keys.get(name) === held && !stored.has(name)) keys.delete(name)
    for (const [name, key] of stored) if (keys.get(name) === before.get(name)) hold(key)
  }
  await reload()

  async function make(
    domain: DomainName,
    tenantNo: number,
    epoch: number,
    now: Milliseconds,
    livesAfterMs?: number,
  ): Promise<void> {
    const wrapped = kek.wrap(randomBytes(32), nameOf({ domain, tenantNo, epoch }))
    hold(
      await records.act('putKey', {
        domain,
        tenantNo,
        epoch,
        wrapped,
        destroyAfter: destroyAfterOf(domain, epoch, now, livesAfterMs),
      }),
    )
  }

  return {
    get: (domain, tenantNo, epoch) => keys.get(nameOf({ domain, tenantNo, epoch }))?.key,
    async ensure(tenant, at, now) {
      const wanted = USUAL_DOMAINS.map((name) => ({ name, epoch: DOMAINS[name].epochOf(at) }))
      const missing = wanted.filter(({ name, epoch }) => !keys.has(nameOf({ domain: name, tenantNo: tenant, epoch })))
      await Promise.all(missing.map(({ name, epoch }) => make(name, tenant, epoch, now)))
    },
    async ensureOne(domain, tenantNo, epoch, { now, livesAfterMs }) {
      if (!keys.has(nameOf({ domain, tenantNo, epoch }))) await make(domain, tenantNo, epoch, now, livesAfterMs)
    },
    async destroyBefore(at) {
      for (const [name, { destroyAfter }] of keys) if (destroyAfter <= at) keys.delete(name)
      return await records.act('destroyKeys', { before: at })
    },
    async destroyOf(domain, tenantNo, at) {
      for (const name of keys.keys()) if (name.startsWith(`${domain}|${tenantNo}|`)) keys.delete(name)
      return await records.act('destroyKeys', { before: Number.MAX_SAFE_INTEGER, only: { domain, tenantNo, at } })
    },
    epochs: (domain, tenantNo) =>
      [...keys.keys()].filter((name) => name.startsWith(`${domain}|${tenantNo}|`)).map((name) => Number(name.split('|')[2])),
    reload,
    async rewrap() {
      const old = (await records.read.keys()).filter(({ wrapped }) => !kek.isNewest(wrapped))
      const changed = old.map(({ domain, tenantNo, epoch, wrapped: from }) => {
        const purpose = nameOf({ domain, tenantNo, epoch })
        return { domain, tenantNo, epoch, from, to: kek.wrap(kek.unwrap(from, purpose), purpose) }
      })
      return changed.length === 0 ? 0 : await records.act('rewrapKeys', { keys: changed })
    },
  }
}

function nameOf(key: Pick<StoredKey, 'domain' | 'tenantNo' | 'epoch'>): string {
  return `${key.domain}|${key.tenantNo}|${key.epoch}`
}

function open(kek: KeyEncryption, stored: StoredKey): KeyObject {
  try {
    return createSecretKey(kek.unwrap(stored.wrapped, nameOf(stored)))
  } catch (cause) {
    throw new TrailError(
      'config_invalid',
      `The pseudonym key ${nameOf(stored)} does not open under the key-encryption key of this data. Use the key file that belongs to it.`,
      { input: 'kek', cause },
    )
  }
}

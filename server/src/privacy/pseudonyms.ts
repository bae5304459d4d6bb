import { createHmac, type KeyObject } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Records } from '../records/records.ts'
import { addressBytes, networkBytes } from './address.ts'
import { createBoundedCache } from './bounded-cache.ts'
import { clientFamily } from './client-family.ts'
import { DOMAINS, type DomainName } from './domains.ts'
import { openKeyring, type Keyring } from './keyring.ts'
import type { Privacy, Pseudonym, Source } from './privacy.ts'
import { createSealedAddresses } from './sealed-addresses.ts'
import { createKeyEncryption, type KeyEncryption } from './wrap.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NO_FINGERPRINT = { fingerprint: new Uint8Array(16), epoch: 0 }
const NO_CLIENT: Client = { client: '', clientHash: 0 }
const NO_ADDRESS: Address = { addressDay: 0n, addressMonth: 0n, network: 0n }

type Client = Pick<Source, 'client' | 'clientHash'>
type Address = Pick<Source, 'addressDay' | 'addressMonth' | 'network'>
/** An address with the source that it last was together with a client: most addresses have one. */
type KnownAddress = { readonly address: Address; client: Client; source: Source }

/** Opens the pseudonyms of all tenants: keys are read, made ready for today and tomorrow, and looked after every hour. */
export async function openPrivacy(o: {
  readonly records: Records
  readonly kek: KeyEncryption | Uint8Array
  readonly clock: Clock
  readonly log: Log
}): Promise<Privacy & { close(): void }> {
  const { kek } = o
  const keyring = await openKeyring(o.records, kek instanceof Uint8Array ? createKeyEncryption(() => [kek]) : kek)
  const addresses = createBoundedCache<KnownAddress>(ADDRESSES_MAX)
  const clients = createBoundedCache<Client>(CLIENTS_MAX)
  const resources = createBoundedCache<bigint>(CLIENTS_MAX)
  const sealed = createSealedAddresses(keyring, o.records.read)
  const preparing = new Set<string>()
  let missing = 0

  async function prepare(tenant: number, at: Milliseconds): Promise<void> {
    await keyring.ensure(tenant, at, o.clock.now())
    await keyring.ensure(tenant, at + DAY_MS, o.clock.now())
    await sealed.prepare(tenant, at, o.clock.now())
  }

  /** The key of an epoch; a missing one is counted and made for the next time. */
  function keyAt(domain: DomainName, tenant: number, at: Milliseconds): KeyObject | undefined {
    const key = keyring.get(domain, tenant, DOMAINS[domain].epochOf(at))
    if (key) return key
    missing++
    prepareLater(tenant, at)
    return undefined
  }

  function prepareLater(tenant: number, at: Milliseconds): void {
    const name = `${tenant}|${DOMAINS.address_day.epochOf(at)}`
    if (preparing.has(name) || preparing.size >= PREPARING_MAX) return
    preparing.add(name)
    prepare(tenant, at)
      .catch((error: unknown) =>
        o.log.warn({ err: error, tenant }, 'pseudonym keys could not be made; columns stay empty and are counted'),
      )
      .finally(() => preparing.delete(name))
  }

  function clientOf(tenant: number, at: Milliseconds, userAgent: string | undefined): Client {
    if (userAgent === undefined || userAgent === '') return NO_CLIENT
    const part = partOf(tenant, DOMAINS.client.epochOf(at))
    const known = clients.get(part, userAgent)
    if (known) return known
    const key = keyAt('client', tenant, at)
    const made = { client: clientFamily(userAgent), clientHash: key ? mac(key, userAgent).readUInt32BE(0) : 0 }
    if (key && userAgent.length <= AGENT_CHARS_MAX) clients.set(part, userAgent, made)
    return made
  }

  function addressOf(tenant: number, at: Milliseconds, ip: string): Address | undefined {
    const bytes = addressBytes(ip)
    if (!bytes) return undefined
    const number = (domain: DomainName, data: Uint8Array) => {
      const key = keyAt(domain, tenant, at)
      return key ? mac(key, data).readBigUInt64BE(0) : 0n
    }
    return {
      addressDay: number('address_day', bytes),
      addressMonth: number('address_month', bytes),
      network: number('network', networkBytes(bytes)),
    }
  }

  function source(tenant: number, at: Milliseconds, ip: string | undefined, userAgent: string | undefined): Source {
    const client = clientOf(tenant, at, userAgent)
    if (ip === undefined || ip === '') return together(NO_ADDRESS, client)
    const part = partOf(tenant, DOMAINS.address_day.epochOf(at))
    const known = addresses.get(part, ip)
    if (known) return known.client === client ? known.source : meet(known, client)
    const address = addressOf(tenant, at, ip)
    const made = together(address ?? NO_ADDRESS, client)
    if (address && address.addressDay !== 0n) addresses.set(part, ip, { address, client, source: made })
    return made
  }

  async function lookAfterKeys(): Promise<void> {
    const now = o.clock.now()
    for (const tenant of await o.records.read.tenants()) await prepare(tenant.no, now)
    await destroyExpiredKeys(now)
  }

  async function destroyExpiredKeys(at: Milliseconds): Promise<number> {
    const count = await keyring.destroyBefore(at)
    if (count > 0) for (const cache of [addresses, clients]) cache.clear()
    return count
  }

  async function reload(): Promise<void> {
    await keyring.reload()
    for (const cache of [addresses, clients, resources]) cache.clear()
  }

  await lookAfterKeys()
  const timer = setInterval(() => {
    lookAfterKeys().catch((error: unknown) =>
      o.log.warn({ err: error }, 'pseudonym keys could not be looked after; tried again in an hour'),
    )
  }, HOUR_MS).unref()

  return {
    source,
    fingerprint(tenant, at, sha256) {
      const key = keyAt('fingerprint', tenant, at)
      return key ? { fingerprint: mac(key, sha256).subarray(0, 16), epoch: DOMAINS.fingerprint.epochOf(at) } : NO_FINGERPRINT
    },
    resource(tenant, resource) {
      const known = resources.get(tenant, resource)
      if (known !== undefined) return known
      const key = keyAt('resource', tenant, 0)
      const made = key ? mac(key, resource).readBigUInt64BE(0) : 0n
      if (key) resources.set(tenant, resource, made)
      return made
    },
    prepare,
    destroyExpiredKeys,
    missing: () => missing,
    sealAddress: sealed.seal,
    openAddress: sealed.open,
    async sealedDaysChanged(tenant) {
      const now = o.clock.now()
      await sealed.prepare(tenant, now, now)
      if (!sealed.isOn(tenant)) await keyring.destroyOf('address_sealed', tenant, now)
    },
    pseudonyms: (tenant, ip) => pseudonymsOf(keyring, tenant, ip),
    async renewDays(tenant) {
      const now = o.clock.now()
      const count = await keyring.destroyOf('address_day', tenant, now)
      addresses.clear()
      await prepare(tenant, now)
      return count
    },
    reload,
    rewrap: () => keyring.rewrap(),
    close: () => clearInterval(timer),
  }
}

/** Bounds of the caches over all tenants. At the bound the older half is forgotten. */
const ADDRESSES_MAX = 131_072
const CLIENTS_MAX = 16_384
/** Longer agents are worked out each time rather than kept. */
const AGENT_CHARS_MAX = 512
const PREPARING_MAX = 1024

/** Tenant and epoch as one number: what is cached under an epoch is never used in another. */
function partOf(tenant: number, epoch: number): number {
  return tenant * 65_536 + epoch
}

const LOOKED_UP = ['address_day', 'address_month', 'network'] as const

function pseudonymsOf(keyring: Keyring, tenant: number, ip: string): readonly Pseudonym[] {
  const bytes = addressBytes(ip)
  if (!bytes) return []
  return LOOKED_UP.flatMap((domain) =>
    keyring.epochs(domain, tenant).flatMap((epoch) => {
      const key = keyring.get(domain, tenant, epoch)
      const data = domain === 'network' ? networkBytes(bytes) : bytes
      return key ? [{ domain, value: mac(key, data).readBigUInt64BE(0), epoch, until: DOMAINS[domain].endOf(epoch) }] : []
    }),
  )
}

function mac(key: KeyObject, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function meet(known: KnownAddress, client: Client): Source {
  known.client = client
  known.source = together(known.address, client)
  return known.source
}

/** ASN and country come from the operator's geo file, which is read elsewhere; without it they are empty. */
function together(address: Address, client: Client): Source {
  return { ...address, asn: 0, country: '', ...client }
}

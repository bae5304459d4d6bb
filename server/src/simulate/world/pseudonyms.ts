import { createHash } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import { clientFamily } from '../../privacy/client-family.ts'
import { DOMAINS, type DomainName } from '../../privacy/domains.ts'
import type { Privacy, Source } from '../../privacy/privacy.ts'
import { placeOf } from './places.ts'

/** Pseudonyms as the product makes them, with the same epochs, but the same for a seed. `geo`: as with an operator's geo file. */
export function createPretendPrivacy(seed: number, geo: boolean): Pick<Privacy, 'source' | 'fingerprint'> {
  const sources = new Map<string, Source>()

  function number(domain: DomainName, tenant: number, at: Milliseconds, value: string | Uint8Array): Buffer {
    const epoch = DOMAINS[domain].epochOf(at)
    return createHash('sha256').update(`${seed}/${domain}/${tenant}/${epoch}/`).update(value).digest()
  }

  function source(tenant: number, at: Milliseconds, ip: string | undefined, agent: string | undefined): Source {
    const key = `${tenant} ${DOMAINS.address_day.epochOf(at)} ${ip} ${agent}`
    const known = sources.get(key)
    if (known) return known
    if (sources.size >= SOURCES_MAX) sources.clear()
    const made = { ...addressOf(tenant, at, ip), ...clientOf(tenant, at, agent) }
    sources.set(key, made)
    return made
  }

  function addressOf(tenant: number, at: Milliseconds, ip: string | undefined): Omit<Source, 'client' | 'clientHash'> {
    if (!ip) return { addressDay: 0n, addressMonth: 0n, network: 0n, asn: 0, country: '' }
    return {
      addressDay: number('address_day', tenant, at, ip).readBigUInt64BE(0),
      addressMonth: number('address_month', tenant, at, ip).readBigUInt64BE(0),
      network: number('network', tenant, at, ip.slice(0, ip.lastIndexOf('.'))).readBigUInt64BE(0),
      ...(geo ? placeOf(ip) : { asn: 0, country: '' }),
    }
  }

  function clientOf(tenant: number, at: Milliseconds, agent: string | undefined): Pick<Source, 'client' | 'clientHash'> {
    if (!agent) return { client: '', clientHash: 0 }
    return { client: clientFamily(agent), clientHash: number('client', tenant, at, agent).readUInt32BE(0) }
  }

  return {
    source,
    fingerprint: (tenant, at, sha256) => ({
      fingerprint: new Uint8Array(number('fingerprint', tenant, at, sha256).subarray(0, 16)),
      epoch: DOMAINS.fingerprint.epochOf(at),
    }),
  }
}

const SOURCES_MAX = 50_000

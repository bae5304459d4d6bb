import { isIP } from 'node:net'
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js'

type Range = readonly [network: IPv4 | IPv6, bits: number]

/** Lists are frozen parts of records, so their compiled form lives as long as they do. */
const compiled = new WeakMap<readonly string[], readonly Range[]>()

/** Whether an address lies in one of the ranges. No address, or none that can be read, lies in none. */
export function isInside(cidrs: readonly string[], ip: string | undefined): boolean {
  if (ip === undefined || isIP(ip) === 0) return false
  const address = ipaddr.process(ip)
  return rangesOf(cidrs).some((range) => range[0].kind() === address.kind() && address.match(range[0], range[1]))
}

/** A range in its one canonical form: network bits only, mapped IPv4 as IPv4; `undefined` for what is no range. A bare address is a range of one. */
export function canonicalCidr(text: string): string | undefined {
  const [ip = '', bits, more] = text.split('/')
  if (more !== undefined || isIP(ip) === 0 || ip.includes('%')) return undefined
  if (bits !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(bits)) return undefined
  const address = ipaddr.parse(ip)
  const width = address.kind() === 'ipv4' ? 32 : 128
  const length = bits === undefined ? width : Number(bits)
  return length > width ? undefined : canonical(address, length)
}

function canonical(address: IPv4 | IPv6, length: number): string | undefined {
  if (address.kind() === 'ipv6' && (address as IPv6).isIPv4MappedAddress()) {
    return length < 96 ? undefined : canonical((address as IPv6).toIPv4Address(), length - 96)
  }
  const bytes = address.toByteArray().map((byte, at) => byte & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - length))))
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`
}

function rangesOf(cidrs: readonly string[]): readonly Range[] {
  const known = compiled.get(cidrs)
  if (known) return known
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr))
  compiled.set(cidrs, ranges)
  return ranges
}

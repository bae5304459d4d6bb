import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address in bytes: 4 or 16. IPv4-mapped IPv6 is IPv4. `undefined` for what is no address. */
export function addressBytes(ip: string): Uint8Array | undefined {
  if (isIP(ip) === 0) return undefined
  return Uint8Array.from(ipaddr.process(ip).toByteArray())
}

/** The /24 of an IPv4 address, the /48 of an IPv6 address, in bytes. */
export function networkBytes(address: Uint8Array): Uint8Array {
  return address.subarray(0, address.length === 4 ? 3 : 6)
}

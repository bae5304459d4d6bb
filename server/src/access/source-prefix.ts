import ipaddr from 'ipaddr.js'

/** What stands for one source: the /24 of an IPv4 address, the /64 of an IPv6 one; a mapped address is its IPv4 one. */
export function sourcePrefix(ip: string): string {
  if (!ipaddr.isValid(ip)) return 'unknown'
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv4' ? address.toByteArray().slice(0, 3).join('.') : address.toByteArray().slice(0, 8).join('.')
}

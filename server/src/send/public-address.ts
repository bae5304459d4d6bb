import ipaddr from 'ipaddr.js'

/** Answers for the host itself in one cloud although it looks public. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16'])

/** Is this an address of the public internet? Loopback, private, link-local, carrier, metadata and translated ones are not. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  return address.range() === 'unicast' && !METADATA.has(address.toString())
}

/**
 * Where a world's addresses are, as a geo file would say. Every address belongs to the ranges of RFC 2544 and RFC 6598, so none is
 * anybody's: the third number tells the kind of network.
 */
export function placeOf(ip: string): { readonly asn: number; readonly country: string } {
  const [a = 0, b = 0, c = 0] = ip.split('.').map(Number)
  if (a === 100 && b < 96) return { asn: 64_600 + (b % 4), country: 'DE' }
  if (a === 100) return ABROAD[b % ABROAD.length] ?? HOME
  if (b === 18) return { asn: c < 240 ? 64_510 + (c % 5) : c < 244 ? 64_500 : 64_501, country: 'DE' }
  return c < FIRST_HOME ? (ABROAD[c % ABROAD.length] ?? HOME) : { ...HOME, asn: HOME.asn + (c % 3) }
}

const HOME = { asn: 64_700, country: 'DE' }
/** Below are the sources of everyday noise. */
const FIRST_HOME = 92
const ABROAD = [
  { asn: 64_801, country: 'US' },
  { asn: 64_802, country: 'NL' },
  { asn: 64_803, country: 'BR' },
  { asn: 64_804, country: 'SG' },
  { asn: 64_805, country: 'RO' },
]

/** Networks beside those of the everyday story. */
export const FURTHER_PLACES = {
  /** A line in the owner's own country. */
  home: (no: number, host: number) => `198.19.${FIRST_HOME + (no % 160)}.${1 + (host % 250)}`,
  abroad: (no: number, host: number) => `100.${96 + (no % 32)}.${(no * 13 + (no >> 5)) % 250}.${1 + (host % 250)}`,
  /** Fresh addresses of build runners and serverless functions. */
  cloud: (no: number, host: number) => `100.${80 + (no % 4)}.${host % 250}.${1 + ((host * 7) % 250)}`,
} as const

/** A rented machine in the same cloud as an address, in another network or, with `apart` 0, in the same. */
export function neighbourOf(ip: string, apart: number, host: number): string {
  const [a, b, c = 0] = ip.split('.').map(Number)
  return `${a}.${b}.${(c + 5 * apart) % 200}.${1 + (host % 250)}`
}

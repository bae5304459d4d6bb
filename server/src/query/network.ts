/** The keyed number of a network for people: 16 hexadecimal digits, `other` where it was folded or there was no address. */
export function networkName(number: bigint | string): string {
  const value = BigInt(number)
  return value === 0n ? 'other' : value.toString(16).padStart(16, '0')
}

/** The number behind such a name. */
export function networkNumber(name: string): bigint {
  return name === 'other' ? 0n : BigInt(`0x${name}`)
}

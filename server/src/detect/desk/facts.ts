import { durationText } from 'tokentrail/verify'
import { TrailError } from '../../errors.ts'
import { networkName } from '../../query/network.ts'
import type { Fact } from '../finding.ts'

/** What people call tokens and owners, by number; `undefined` where they are gone or another tenant's. */
export interface Names {
  token(no: number): { readonly id: string; readonly name: string | null } | undefined
  owner(no: number): string | undefined
}

/** Forms a fact for a reader. */
export type FactFormat = (fact: Fact) => string

const TEXT_MAX = 200

/** Forms facts with the names of a tenant, in the reader's time zone. */
export function createFactFormat(names: Names, zone: string): FactFormat {
  const time = timeFormat(zone)
  const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
  const share = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 })
  const forms: { readonly [As in Fact['as']]: (value: Extract<Fact, { as: As }>['value']) => string } = {
    text: printable,
    number: (value) => number.format(value),
    share: (value) => share.format(value),
    time: (value) => time.format(value),
    duration: durationText,
    network: (value) => `network ${networkText(value)}`,
    token: (value) => tokenText(names, value),
    owner: (value) => printable(names.owner(value) ?? `an owner that is gone (${value})`),
    event: printable,
  }
  return ({ as, value }) => (forms[as] as (value: string | number) => string)(value)
}

/** What is shown was once sent by somebody: nothing of it may act on a terminal, a page or the direction of text. */
export function printable(text: string): string {
  return text.slice(0, TEXT_MAX).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

function timeFormat(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'medium', timeStyle: 'long' })
  } catch {
    throw new TrailError('parameter_invalid', 'The zone must be one of the IANA time zones, such as Europe/Berlin.', {
      input: 'zone',
    })
  }
}

function networkText(hex: string): string {
  return /^[0-9a-f]{1,16}$/i.test(hex) ? networkName(BigInt(`0x${hex}`)) : printable(hex)
}

function tokenText(names: Names, no: number): string {
  const token = names.token(no)
  if (!token) return `a token that is gone (${no})`
  return token.name === null ? `token ${printable(token.id)}` : `token “${printable(token.name)}” (${printable(token.id)})`
}

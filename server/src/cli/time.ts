import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `90d`, `24h`, `30m` in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(text)
  const unit = UNITS[match?.[2] ?? '']
  if (!match || unit === undefined) throw new InvalidArgumentError('Expected a number and a unit, such as 30m, 24h, 90d or 12w.')
  return Number(match[1]) * unit
}

/** RFC 3339, or a length of time before now such as `24h`. */
export function parseInstant(text: string): number {
  if (/^\d{1,6}[smhdw]$/.test(text)) return Date.now() - parseDuration(text)
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Expected RFC 3339 such as 2026-11-25T09:00:00Z, or a length of time before now such as 24h.')
  return at
}

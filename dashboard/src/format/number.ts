const LOCALE = 'en'
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 })
const percents = [0, 1, 2].map(
  (digits) => new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: digits, minimumFractionDigits: digits }),
)
const digits2 = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 })

/** Every digit: 1,234,567. What is withheld is a dash. */
export function count(value: number | null): string {
  return value === null ? '–' : whole.format(value)
}

/** Three digits and a letter from 10,000 on: 1.23M. The exact number belongs in a title beside it. */
export function short(value: number | null): string {
  if (value === null) return '–'
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)
}

/** A measured number: whole ones with every digit, others with three. */
export function quantity(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 1000 ? whole.format(value) : digits2.format(value)
}

/** A share in percent, with more digits near its ends, where they matter. Never rounds up to 100 % or down to 0 %. */
export function percent(share: number): string {
  const [coarse, middle, fine] = percents
  const isWhole = Math.abs(share * 100 - Math.round(share * 100)) < 1e-9
  if (share <= 0 || share >= 1 || isWhole) return coarse?.format(share) ?? ''
  const edge = Math.min(share, 1 - share)
  if (edge < 0.0001) return share < 0.5 ? `<${fine?.format(0.0001)}` : `>${fine?.format(0.9999)}`
  return (edge < 0.01 ? fine : middle)?.format(share) ?? ''
}

/** Microseconds as µs, ms or s. */
export function microseconds(us: number): string {
  if (us < 1000) return `${digits2.format(us)} µs`
  if (us < 1_000_000) return `${digits2.format(us / 1000)} ms`
  return `${digits2.format(us / 1_000_000)} s`
}

/** Below this many cases a change in percent says nothing. */
const CASES_MIN = 20

/** How much more or less than before: `+12%`, `−3.4%`, `×15`; `undefined` where there is nothing to compare with, such as a window before the first use. */
export function change(now: number, before: number, casesMin = CASES_MIN): string | undefined {
  if (before <= 0 || before < casesMin) return undefined
  const share = now / before - 1
  if (Math.abs(share) < 0.0005) return '±0%'
  if (share >= 999) return undefined
  if (share >= 9) return `×${whole.format(share + 1)}`
  const text = percents[Math.abs(share) < 0.0995 ? 1 : 0]?.format(Math.abs(share)) ?? ''
  return `${share > 0 ? '+' : '−'}${text}`
}

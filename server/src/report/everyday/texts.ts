/** A time in UTC. */
export function timeText(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

/** The same for reading: a day where it is its first moment, else to the minute. */
export function readTimeText(at: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T')
  return at % 86_400_000 === 0 ? day : `${day} ${time.slice(0, 5)}`
}

/** +7.9 %, or 12 times where percents say nothing. */
export function changeText(value: number): string {
  if (value >= TIMES_FROM) return `${countText(Math.round(value + 1))} times`
  const percent = (value * 100).toFixed(1)
  return `${value > 0 ? '+' : ''}${countText(Number(percent))} %`
}

const TIMES_FROM = 4

/** 12,345.6 */
export function countText(value: number): string {
  const [whole = '', part] = String(value).split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return part === undefined ? grouped : `${grouped}.${part}`
}

/** 98.25 % */
export function shareText(value: number): string {
  return `${(value * 100).toFixed(2)} %`
}

/** A length of time in its largest fitting unit: 3.2 d, 14 min. */
export function durationText(ms: number): string {
  const [unit, size] = DURATIONS.find(([, each]) => Math.abs(ms) >= each) ?? ['ms', 1]
  return `${countText(Math.round((ms / size) * 10) / 10)} ${unit}`
}

const DURATIONS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

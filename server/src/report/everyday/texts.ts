import { countText } from 'tokentrail/verify'

/** A time in UTC for reading: a day where it is its first moment, else to the minute. */
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

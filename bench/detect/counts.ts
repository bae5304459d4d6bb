import type { Milliseconds } from 'tokentrail'
import { measuresOf } from '../../server/src/detect/aggregate-measures.ts'
import type { EventRow } from '../../server/src/event/row.ts'

const HOUR_MS = 3_600_000

/** How much was counted under the name of a stream, per hour: for how much of it an attack is to blame. */
export interface Counts {
  add(event: EventRow): void
  between(tenant: number, stream: string, from: Milliseconds, to: Milliseconds): number
}

export function createCounts(): Counts {
  const streams = new Map<string, Map<number, number>>()
  return {
    add(event) {
      const hour = Math.floor(event.occurredAt / HOUR_MS)
      for (const name of streamsOf(event)) {
        const key = `${event.tenant} ${name}`
        const hours = streams.get(key) ?? new Map<number, number>()
        streams.set(key, hours.set(hour, (hours.get(hour) ?? 0) + event.count))
      }
    },
    between(tenant, stream, from, to) {
      const hours = [...(streams.get(`${tenant} ${stream}`) ?? [])]
      const [first, last] = [Math.floor(from / HOUR_MS), Math.floor(to / HOUR_MS)]
      return hours.reduce((sum, [hour, count]) => (hour >= first && hour <= last ? sum + count : sum), 0)
    },
  }
}

/** Names of the streams that an event counts for, as findings name them. */
export function streamsOf(event: EventRow): readonly string[] {
  return measuresOf(event).flatMap((measure) => [
    measure === 'forged' ? 'forged tokens' : measure,
    ...(event.service === '' ? [] : [`service ${event.service} · ${measure}`]),
    ...(event.route === '' ? [] : [`route ${event.route} · ${measure}`]),
  ])
}

import { accepted, DAY, failed, HOUR, KINDS, MINUTE, refused, SECOND, START } from '../entity/events.ts'
import type { EventRow } from '../../../src/event/row.ts'

/** Twelve days of ordinary uses by some tokens, and attacks of several kinds in its last days; in order of time, numbered. */
export function fortnight(tokens = 12): EventRow[] {
  const uses = Array.from({ length: tokens }, (_, token) =>
    Array.from({ length: 24 * 12 }, (_, i) =>
      accepted({
        at: START + i * HOUR + token * MINUTE,
        tokenNo: 1 + token,
        ownerNo: 100 + (token % 4),
        network: BigInt(100 + token),
        scope: 'orders:read',
        service: 'orders',
      }),
    ),
  ).flat()
  return number([...uses, ...attacks()])
}

function attacks(): EventRow[] {
  const at = START + 9 * DAY
  return [
    ...Array.from({ length: 40 }, (_, i) => failed(i, { at: at + i * SECOND, network: 666n })),
    accepted({ at: at + HOUR, tokenNo: 2, ownerNo: 101, network: 666n, client: 'Go' }),
    ...Array.from({ length: 30 }, (_, i) =>
      accepted({ at: at + DAY + i * MINUTE, tokenNo: 3, ownerNo: 102, network: BigInt(5000 + i) }),
    ),
    ...Array.from({ length: 12 }, (_, i) =>
      refused('scope_missing', { at: at + 2 * DAY + i * MINUTE, tokenNo: 4, ownerNo: 103, scope: `s${i}` }),
    ),
    ...Array.from({ length: 20 }, (_, i) => refused('revoked', { at: at + 2 * DAY + i * MINUTE, tokenNo: 5, network: 31n })),
    ...Array.from({ length: 60 }, (_, i) => failed(1000 + i, { at: at + 2 * DAY + i * MINUTE, network: BigInt(8000 + i) })),
    refused('consumed', { at: at + HOUR, kind: KINDS.action, tokenNo: 50, network: 7n }),
    refused('canary', { at: at + HOUR, tokenNo: 60, network: 7n }),
  ]
}

function number(events: readonly EventRow[]): EventRow[] {
  return events.toSorted((a, b) => a.occurredAt - b.occurredAt).map((event, i) => Object.assign(event, { writer: 7, seq: i + 1 }))
}

/** Cut into batches, as a journal holds them; a batch is received when its last event happened. */
export function batchesOf(
  events: readonly EventRow[],
  size: number,
): { readonly events: readonly EventRow[]; readonly receivedAt: number }[] {
  return Array.from({ length: Math.ceil(events.length / size) }, (_, i) => {
    const batch = events.slice(i * size, (i + 1) * size)
    return { events: batch, receivedAt: batch.at(-1)?.occurredAt ?? 0 }
  })
}

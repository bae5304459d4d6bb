import { reasonName } from 'tokentrail'
import { number, text, time } from './facts.ts'
import type { EntityStep } from './step.ts'

const MANY = 10_000

/** Losses and gaps: what others found of that time may be incomplete. */
export const blind: EntityStep = {
  name: 'blind',
  on: ['missing'],
  see(moment) {
    const { event, at } = moment
    const { count, from, to, writer } = detailOf(event.detail)
    if (count === 0) return
    const reason = (reasonName(event.reason) ?? 'none') === 'none' ? 'numbers that never came' : (reasonName(event.reason) ?? '')
    moment.notice({
      detector: 'blind',
      severity: count >= MANY ? 'high' : 'medium',
      subject: { kind: 'tenant', key: `writer ${writer}` },
      weight: count,
      tell: () => ({
        facts: { count: number(count), since: time(from || at), until: time(to || at), reason: text(reason) },
        measured: { observed: count, expected: null, score: { value: 1, unit: 'exact' } },
        features: [`${count} events of writer ${writer}`],
        unless: ['It would not have fired if every event had arrived.'],
        caveats: ['incomplete'],
        touches: [],
      }),
    })
  },
}

interface Missing {
  readonly count: number
  readonly from: number
  readonly to: number
  readonly writer: number
}

/** What a loss or gap says of itself. */
function detailOf(detail: string): Missing {
  try {
    const { count, from, to, writer } = JSON.parse(detail) as Partial<Record<keyof Missing, unknown>>
    return { count: Number(count) || 0, from: Number(from) || 0, to: Number(to) || 0, writer: Number(writer) || 0 }
  } catch {
    return { count: 0, from: 0, to: 0, writer: 0 }
  }
}

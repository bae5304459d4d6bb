import type { Milliseconds } from 'tokentrail'

const DAY_MS = 86_400_000
const DAY_2020 = Date.UTC(2020, 0, 1) / DAY_MS

/** A kind of pseudonym with its own keys. An epoch is the stretch of time that shares one key. */
interface Domain {
  readonly epochOf: (at: Milliseconds) => number
  readonly endOf: (epoch: number) => Milliseconds
  /** How long the key outlives its epoch. */
  readonly livesAfterMs: number
  /** Made only for tenants that have switched it on. */
  readonly onRequest?: true
}

const day: Omit<Domain, 'livesAfterMs'> = {
  epochOf: (at) => Math.max(0, Math.floor(at / DAY_MS) - DAY_2020),
  endOf: (epoch) => (epoch + 1 + DAY_2020) * DAY_MS,
}
const month = months(1)
const quarter = months(3)
const always: Omit<Domain, 'livesAfterMs'> = { epochOf: () => 0, endOf: () => Number.MAX_SAFE_INTEGER }

/** What is pseudonymised, and how long each key lives. Epochs count from 2020-01-01 UTC; what is older shares the first. */
export const DOMAINS = {
  address_day: { ...day, livesAfterMs: 2 * DAY_MS },
  address_month: { ...month, livesAfterMs: 31 * DAY_MS },
  network: { ...quarter, livesAfterMs: 92 * DAY_MS },
  client: { ...quarter, livesAfterMs: 92 * DAY_MS },
  fingerprint: { ...month, livesAfterMs: 31 * DAY_MS },
  resource: { ...always, livesAfterMs: 0 },
  /** No pseudonym: encrypts addresses of a day where a tenant asked for it; lives as many days as it set, 30 at most. */
  address_sealed: { ...day, livesAfterMs: 30 * DAY_MS, onRequest: true },
} as const satisfies Record<string, Domain>

/** Domains whose keys every tenant has. */
export const USUAL_DOMAINS = (Object.keys(DOMAINS) as DomainName[]).filter((name) => !('onRequest' in DOMAINS[name]))
export type DomainName = keyof typeof DOMAINS

/**
 * When a key made now is destroyed. Imports of old logs make keys for days long past: such a key lives its time after the
 * epoch counted from now, so that one import is consistent and its links die as soon as those of today.
 */
export function destroyAfterOf(
  name: DomainName,
  epoch: number,
  now: Milliseconds,
  livesAfterMs: number = DOMAINS[name].livesAfterMs,
): Milliseconds {
  const { endOf } = DOMAINS[name]
  return Math.max(endOf(epoch), now) + livesAfterMs
}

function months(count: number): Omit<Domain, 'livesAfterMs'> {
  let [lastDay, lastEpoch] = [NaN, 0]
  return {
    epochOf(at) {
      const today = Math.floor(at / DAY_MS)
      if (today !== lastDay) [lastDay, lastEpoch] = [today, Math.max(0, Math.floor(monthOf(at) / count))]
      return lastEpoch
    },
    endOf: (epoch) => Date.UTC(2020, (epoch + 1) * count, 1),
  }
}

function monthOf(at: Milliseconds): number {
  const date = new Date(at)
  return (date.getUTCFullYear() - 2020) * 12 + date.getUTCMonth()
}

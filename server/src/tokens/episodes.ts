import { KINDS, POPULATIONS, reasonId, TYPES, type DecisionReason, type Milliseconds } from 'tokentrail'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { TokenRecord } from '../records/records.ts'

/** A refusal by a limit: of whom, by which, and the gap that ends an episode. */
export interface LimitRefusal {
  readonly reason: DecisionReason
  readonly tenantNo: number
  readonly retention: number
  /** Tells subjects apart within a limit and tenant; stays in memory. */
  readonly subject: string
  readonly token: TokenRecord | null
  readonly network: bigint
  readonly windowMs: number
}

/** Episodes of limits: a million refusals of one subject with gaps under the limit's window are one, entered once and left once. */
export interface Episodes {
  refused(refusal: LimitRefusal, at: Milliseconds): void
  /** Notes as left what has been silent for its window; `all` when the door closes. */
  settle(at: Milliseconds, all?: boolean): void
  size(): number
}

interface Episode extends LimitRefusal {
  readonly since: Milliseconds
  last: Milliseconds
  rejected: number
  second: number
  inSecond: number
  peakPerSecond: number
}

/** At most `countMax` at once; beyond it the oldest counts as left. */
export function createEpisodes(journal: Pick<Journal, 'append'>, countMax = 10_000): Episodes {
  const open = new Map<string, Episode>()

  function note(episode: Episode, type: 'limit.entered' | 'limit.left', at: Milliseconds, detail: object): void {
    const row = blankEvent()
    row.tenant = episode.tenantNo
    row.retention = episode.retention
    row.type = TYPES[type].id
    row.reason = reasonId(episode.reason)
    row.limit = episode.reason
    row.occurredAt = at
    row.network = episode.network
    row.tokenNo = episode.token?.no ?? 0
    row.ownerNo = episode.token?.ownerNo ?? 0
    row.kind = KINDS[episode.token?.kind ?? 'none']
    row.population = episode.token ? POPULATIONS.attributed : POPULATIONS.unattributed
    row.spanMs = type === 'limit.left' ? Math.min(episode.last - episode.since, 0xffffffff) : 0
    row.detail = JSON.stringify(detail)
    void journal.append(row)
  }

  function leave(key: string, episode: Episode): void {
    open.delete(key)
    const { since, last, rejected, peakPerSecond } = episode
    note(episode, 'limit.left', last, { rejected, peakPerSecond, from: since, to: last })
  }

  function enter(key: string, refusal: LimitRefusal, at: Milliseconds): Episode {
    for (const [oldest, episode] of open) {
      if (open.size < countMax) break
      leave(oldest, episode)
    }
    const episode: Episode = { ...refusal, since: at, last: at, rejected: 0, second: 0, inSecond: 0, peakPerSecond: 0 }
    open.set(key, episode)
    note(episode, 'limit.entered', at, { windowMs: refusal.windowMs })
    return episode
  }

  return {
    refused(refusal, at) {
      const key = `${refusal.reason} ${refusal.tenantNo} ${refusal.subject}`
      let episode = open.get(key)
      if (episode && at - episode.last >= episode.windowMs) leave(key, episode)
      episode = open.get(key) ?? enter(key, refusal, at)
      const second = Math.floor(at / 1000)
      episode.inSecond = second === episode.second ? episode.inSecond + 1 : 1
      episode.second = second
      episode.peakPerSecond = Math.max(episode.peakPerSecond, episode.inSecond)
      episode.rejected++
      episode.last = at
    },
    settle(at, all = false) {
      for (const [key, episode] of open) if (all || at - episode.last >= episode.windowMs) leave(key, episode)
    },
    size: () => open.size,
  }
}

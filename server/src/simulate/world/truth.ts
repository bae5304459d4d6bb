import { eventId, type Milliseconds } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import type { Variant } from '../attacks/attack.ts'
import type { ScenarioName } from '../attacks/scenarios.ts'

/** The truth about one attack; kept apart from the events, which know nothing of it. */
export interface Truth {
  readonly attack: number
  readonly scenario: ScenarioName
  readonly variant: Variant
  readonly tenant: number
  readonly from: Milliseconds
  /** Number of the token that the attacker wants to look bad, where that is the point. */
  readonly framed: number | null
  /** What the attacker did, in the order of the journal; grows while the world runs. */
  readonly rows: EventRow[]
}

/** A line of a file of truth: what somebody needs who scores detection without this program. */
export interface Label {
  readonly scenario: ScenarioName
  readonly instance: number
  readonly variant: Variant
  readonly tenant: number
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly events: readonly string[]
  readonly tokens: readonly number[]
  readonly owners: readonly number[]
  /** Keyed networks in hex. */
  readonly networks: readonly string[]
  readonly framed: number | null
}

export function labelOf({ attack, scenario, variant, tenant, from, framed, rows }: Truth): Label {
  const distinct = <Value>(values: readonly Value[], none: Value): Value[] =>
    [...new Set(values)].filter((value) => value !== none)
  return {
    scenario,
    instance: attack,
    variant,
    tenant,
    from,
    to: rows.reduce((last, { occurredAt }) => Math.max(last, occurredAt), from),
    events: rows.map(({ writer, seq }) => eventId(writer, seq)),
    tokens: distinct(
      rows.flatMap(({ tokenNo, claimedNo }) => [tokenNo, claimedNo]),
      0,
    ),
    owners: distinct(
      rows.map(({ ownerNo }) => ownerNo),
      0,
    ),
    networks: distinct(
      rows.map(({ network }) => network),
      0n,
    ).map((network) => network.toString(16)),
    framed,
  }
}

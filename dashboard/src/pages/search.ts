import type { Zone } from '../format/time.ts'

/** What the addresses of screens may carry. Unknown names and wrong values are dropped. */
export interface PageSearch {
  readonly from?: string
  readonly to?: string
  readonly zone?: Zone
}

export function pageSearch(search: Record<string, unknown>): PageSearch {
  return {
    ...texts(search, ['from', 'to']),
    ...(search['zone'] === 'utc' || search['zone'] === 'local' ? { zone: search['zone'] } : {}),
  }
}

/** The kind of a filter that leaves the kind open. A bare address shows access tokens, among which single-use ones would drown. */
export const ANY_KIND = 'any'

export interface TokensSearch {
  readonly search?: string
  readonly kind?: string
  readonly state?: string
}

export function tokensSearch(search: Record<string, unknown>): TokensSearch {
  return texts(search, ['search', 'kind', 'state'])
}

/** What events can be filtered by, in the order that the page offers. */
export const EVENT_FILTERS = [
  'class',
  'reason',
  'type',
  'outcome',
  'kind',
  'token',
  'network',
  'service',
  'route',
  'client',
  'requestId',
] as const
export type EventFilter = (typeof EVENT_FILTERS)[number]

export interface EventsSearch extends Readonly<Partial<Record<EventFilter, string>>> {
  /** The event whose pane is open. */
  readonly event?: string
  /** `1` while the tail is followed. */
  readonly tail?: string
}

export function eventsSearch(search: Record<string, unknown>): EventsSearch {
  return texts(search, [...EVENT_FILTERS, 'event', 'tail'])
}

export interface FindingsSearch {
  /** State of a finding; `any` for all. Open ones without. */
  readonly state?: string
  /** This one and graver ones. */
  readonly severity?: string
  readonly detector?: string
}

export function findingsSearch(search: Record<string, unknown>): FindingsSearch {
  return texts(search, ['state', 'severity', 'detector'])
}

export interface AuditSearch {
  readonly type?: string | undefined
  /** The entry whose pane is open: `<shard>:<index>`. */
  readonly entry?: string | undefined
}

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  return texts(search, ['type', 'entry'])
}

export const SETTINGS_SECTIONS = ['access', 'privacy', 'retention', 'detection'] as const
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number]

export interface SettingsSearch {
  readonly section?: string | undefined
}

export function settingsSearch(search: Record<string, unknown>): SettingsSearch {
  return texts(search, ['section'])
}

const TEXT_LENGTH_MAX = 500

function texts<Name extends string>(search: Record<string, unknown>, names: readonly Name[]): Partial<Record<Name, string>> {
  const found = names
    .map((name) => [name, search[name]] as const)
    .filter(([, value]) => typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX)
  return Object.fromEntries(found) as Partial<Record<Name, string>>
}

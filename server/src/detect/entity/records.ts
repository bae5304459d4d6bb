import { createTable, type Table } from './table.ts'

/** What is kept of one access token. Seconds and days count from 1970. */
export const TOKEN_FIELDS = {
  /** Milliseconds: its newest accepted use, and when it was revoked, 0 = not. */
  usedAt: 'f64',
  revokedAt: 'f64',
  /** Number of its newest accepted use at its writer. */
  lastSeq: 'f64',
  lastWriter: 'u32',
  firstSeen: 'u32',
  tenant: 'u32',
  owner: 'u32',
  uses: 'u32',
  /** Uses in another hour or another network than the one before: the unit in which habits are counted. */
  steps: 'u32',
  lastNetwork: ['u32', 2],
  otherNetwork: ['u32', 2],
  /** Second of the newest use from `otherNetwork`. */
  otherAt: 'u32',
  networks: ['u32', 6],
  networkFirst: ['u16', 6],
  networkLast: ['u16', 6],
  networksEver: 'u16',
  asns: ['u32', 3],
  asnsEver: 'u16',
  /** Names by number; 0 = none. */
  countries: ['u16', 4],
  clients: ['u16', 4],
  countriesEver: 'u8',
  clientsEver: 'u8',
  lastCountry: 'u16',
  /** Bloom filters. */
  scopes: ['u32', 2],
  routes: ['u32', 2],
  scopesEver: 'u8',
  /** Bitmaps of today's networks and systems, and the most that a day had. */
  day: 'u16',
  dayNetworks: ['u32', 2],
  dayAsns: 'u32',
  networksMax: 'u16',
  /** Logarithms of gaps between uses: mean and variance; days of the longest. */
  gapMean: 'f32',
  gapVariance: 'f32',
  gapDaysMax: 'u16',
  gaps: 'u16',
  turns: 'u8',
  turnsFrom: 'u32',
  /** Days on which networks took turns. */
  turnDays: 'u8',
  turnDay: 'u16',
  rotatedAt: 'u32',
  /** When it was issued, or its scopes last changed. */
  scopesChangedAt: 'u32',
} as const
export type TokenTable = Table<keyof typeof TOKEN_FIELDS>

/** What is kept of a single-use token: who won it and when. */
export const SINGLE_FIELDS = {
  /** When it was issued, or handed to its channel. */
  issuedAt: 'f64',
  wonAt: 'f64',
  wonSeq: 'f64',
  wonWriter: 'u32',
  owner: 'u32',
  network: ['u32', 2],
  client: 'u16',
} as const
export type SingleTable = Table<keyof typeof SINGLE_FIELDS>

/** Lengths of the windows in which a source's failures are counted, in seconds. */
export const SOURCE_WINDOWS = [60, 600, 3600, 86_400] as const
/** Words of one filter of failing credentials. */
export const FAILED_WORDS = 24
/** Failing events remembered as evidence. */
export const RECENT_FAILURES = 5

/** What is kept of one network of one tenant. */
export const SOURCE_FIELDS = {
  recentSeq: ['f64', RECENT_FAILURES],
  recentWriter: ['u32', RECENT_FAILURES],
  recentNext: 'u8',
  network: ['u32', 2],
  tenant: 'u32',
  firstSeen: 'u32',
  /** Filters of credentials that failed today and yesterday. */
  failedToday: ['u32', FAILED_WORDS],
  failedBefore: ['u32', FAILED_WORDS],
  failedDay: 'u16',
  windowFrom: ['u32', 4],
  distinct: ['f32', 4],
  attempts: ['f32', 4],
  hits: ['u16', 4],
  /** Distinct failing credentials per hour, ordinarily. */
  ordinary: 'f32',
  failedAt: 'u32',
  guessingUntil: 'u32',
  accepted: 'u32',
  lastAccepted: 'u32',
  client: 'u16',
  /** Bitmaps of owners and tokens of this hour, and of owners whose tokens were new here, of this hour and week. */
  hour: 'u32',
  hourOwners: ['u32', 4],
  hourTokens: ['u32', 4],
  hourStrange: ['u32', 2],
  week: 'u16',
  weekStrange: ['u32', 2],
  weekOwners: ['u32', 2],
  ownersMax: 'u16',
  /** Single-use tokens that it opened, and those that it opened within seconds, as a mail gateway does. */
  links: 'u16',
  earlyLinks: 'u16',
  /** Links that it looked at without using them up. */
  looks: 'u8',
} as const
export type SourceTable = Table<keyof typeof SOURCE_FIELDS>

/** How common a value is among an owner's or a tenant's tokens: bitmaps of tokens in this month and the one before. */
export const VALUE_FIELDS = {
  month: 'u16',
  now: ['u32', 2],
  before: ['u32', 2],
  /** Of a group's head only: its pairs of token and value, and its distinct values. */
  pairs: 'u32',
  distinct: 'u32',
} as const
export type ValueTable = Table<keyof typeof VALUE_FIELDS>

/** One kind of act of one subject, counted in windows. */
export const HABIT_FIELDS = {
  from: 'u32',
  firstSeen: 'u32',
  count: 'f32',
  other: 'f32',
  max: 'f32',
  mean: 'f32',
  windows: 'u16',
  marks: ['u32', 8],
} as const
export type HabitTable = Table<keyof typeof HABIT_FIELDS>

/** How many of each are kept; memory is taken once. */
export interface EntityLimits {
  readonly tokensMax: number
  readonly singlesMax: number
  readonly sourcesMax: number
  readonly valuesMax: number
  readonly habitsMax: number
}

export const ENTITY_LIMITS: EntityLimits = {
  tokensMax: 1_000_000,
  singlesMax: 262_144,
  sourcesMax: 65_536,
  valuesMax: 262_144,
  habitsMax: 65_536,
}

/** All packed records. */
export interface Tables {
  readonly tokens: TokenTable
  readonly singles: SingleTable
  readonly sources: SourceTable
  readonly values: ValueTable
  readonly habits: HabitTable
}

export function createTables(limits: EntityLimits): Tables {
  return {
    tokens: createTable(limits.tokensMax, TOKEN_FIELDS),
    singles: createTable(limits.singlesMax, SINGLE_FIELDS),
    sources: createTable(limits.sourcesMax, SOURCE_FIELDS),
    values: createTable(limits.valuesMax, VALUE_FIELDS),
    habits: createTable(limits.habitsMax, HABIT_FIELDS),
  }
}

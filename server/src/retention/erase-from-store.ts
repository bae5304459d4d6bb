import { setTimeout as after } from 'node:timers/promises'
import { localName, onCluster, type StoreForm } from '../store/ddl.ts'
import { formOf } from '../store/migrate.ts'
import type { StoreAddress } from '../store/address.ts'
import type { SqlValue, Store } from '../store/store.ts'

/** Whom the store forgets. */
export interface Forgotten {
  readonly tenantNo: number
  readonly ownerNo: number
  /** Numbers of the subject's tokens. */
  readonly tokens: readonly number[]
  /** Words that name the subject. */
  readonly terms: readonly string[]
  readonly surrogate: string
}

export type ErasableStore = Pick<Store, 'query' | 'command' | 'stream'> & { readonly address?: StoreAddress }

/** Where an event came from, in how far it may lead to a person, and what it says in words. */
const BLANK = [
  'address_day = 0',
  'address_month = 0',
  "address_sealed = ''",
  'network = 0',
  'asn = 0',
  "country = ''",
  "client = ''",
  'client_hash = 0',
  'tls = 0',
  "request_id = ''",
  'resource = 0',
].join(', ')

/** Rows of the subject's tokens, proven or claimed. */
export const OF_SUBJECT =
  '(owner_no = {owner:UInt32} OR token_no IN {tokens:Array(UInt64)} OR claimed_no IN {tokens:Array(UInt64)})'
const NOBODY = "initializeAggregation('uniqCombined64StateIf(12)', toUInt64(0), toUInt8(0))"

/** Reads a few columns of every event of a tenant. */
const LIMITS = { timeoutMs: 300_000, rowsReadMax: 100_000_000_000 } as const
/** Numbers in one statement: they travel in its address. */
export const NUMBERS_MAX = 300
const NETWORKS_MAX = 10_000

/**
 * Takes out of the store what leads to a person: rows stay and are counted as before, but say no place, client, request or words, and
 * nothing tells any more from where the subject's tokens were used. May be repeated. Gives the number of rows it touched.
 */
export async function eraseFromStore(store: ErasableStore, who: Forgotten): Promise<number> {
  const form = formOf(store.address)
  const alter: Alter = (table, change, params) =>
    store.command(`ALTER TABLE ${localName(table, form)}${onCluster(form)} UPDATE ${change} SETTINGS mutations_sync = 2`, params)
  const rows = await countOf(store, who)
  for (const tokens of chunks(who.tokens)) await eraseTokens(store, alter, who, tokens)
  for (const table of ROWS) {
    const params = { tenant: who.tenantNo, owner: who.ownerNo }
    await alter(table, `${BLANK} WHERE tenant = {tenant:UInt32} AND actor_no = {owner:UInt32}`, params)
    await replaceWords(alter, table, who)
  }
  return rows
}

/** Tables that hold rows of events. */
const ROWS = ['events', 'events_held'] as const

type Alter = (table: string, change: string, params: Readonly<Record<string, SqlValue>>) => Promise<void>

/** Networks are read before the rows forget them. */
async function eraseTokens(store: ErasableStore, alter: Alter, who: Forgotten, tokens: readonly number[]): Promise<void> {
  const params = { tenant: who.tenantNo, owner: who.ownerNo, tokens }
  const networks = await networksOf(store, params)
  for (const table of ROWS) await alter(table, `${BLANK}, detail = '' WHERE tenant = {tenant:UInt32} AND ${OF_SUBJECT}`, params)
  const ofTokens = 'WHERE tenant = {tenant:UInt32} AND token_no IN {tokens:Array(UInt64)}'
  await alter('token_day', `networks = ${NOBODY} ${ofTokens}`, { tenant: who.tenantNo, tokens })
  for (const some of networks.length === 0 ? [] : chunks(networks)) {
    const change = `tokens = ${NOBODY} WHERE tenant = {tenant:UInt32} AND network IN {networks:Array(UInt64)}`
    await alter('network_day', change, { tenant: who.tenantNo, networks: some })
  }
}

/** Parts of the state before stand on disk until the engine cleans them up: makes it do so, and waits for it within a bound. */
export async function dropOldParts(store: ErasableStore, signal: AbortSignal): Promise<boolean> {
  const form = formOf(store.address)
  // merges of what comes meanwhile make old parts again and again; they are of the state after
  const old = new Set(await oldParts(store, form))
  for (const table of MUTATED) await setting(store, form, table, HASTY)
  try {
    for (let tries = 0; tries < TRIES_MAX && !signal.aborted; tries++) {
      if (!(await oldParts(store, form)).some((part) => old.has(part))) return true
      await after(AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
    return false
  } finally {
    for (const table of MUTATED) await setting(store, form, table, CALM)
  }
}

const MUTATED = [...ROWS, 'token_day', 'network_day'] as const
const HASTY =
  'old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0'
const CALM =
  'old_parts_lifetime = 480, cleanup_delay_period = 30, max_cleanup_delay_period = 30, cleanup_delay_period_random_add = 10'
const AGAIN_MS = 1_000
/** Longer than an idle table that an older version made may sleep. */
const TRIES_MAX = 400

async function setting(store: ErasableStore, form: StoreForm, table: string, values: string): Promise<void> {
  await store.command(`ALTER TABLE ${localName(table, form)}${onCluster(form)} MODIFY SETTING ${values}`)
}

async function oldParts(store: ErasableStore, form: StoreForm): Promise<readonly string[]> {
  const { rows } = await store.query<{ part: string }>({
    sql: `SELECT concat(table, ' ', name) AS part FROM system.parts
      WHERE database = currentDatabase() AND NOT active AND table IN {tables:Array(String)}`,
    params: { tables: MUTATED.map((table) => localName(table, form)) },
  })
  return rows.map(({ part }) => part)
}

async function countOf(store: ErasableStore, { tenantNo, ownerNo }: Forgotten): Promise<number> {
  const { rows } = await store.query<{ n: number }>({
    sql: 'SELECT count() AS n FROM events WHERE tenant = {tenant:UInt32} AND owner_no = {owner:UInt32}',
    params: { tenant: tenantNo, owner: ownerNo },
    limits: LIMITS,
  })
  return rows[0]?.n ?? 0
}

async function networksOf(store: ErasableStore, params: Readonly<Record<string, SqlValue>>): Promise<readonly bigint[]> {
  const { rows } = await store.query<{ network: string | number }>({
    sql: `SELECT DISTINCT network FROM events WHERE tenant = {tenant:UInt32} AND ${OF_SUBJECT} AND network != 0 LIMIT {max:UInt32}`,
    params: { ...params, max: NETWORKS_MAX },
    limits: LIMITS,
  })
  return rows.map(({ network }) => BigInt(network))
}

/** What others' events say of the subject in words, as whole words and whatever their case. */
async function replaceWords(alter: Alter, table: string, { tenantNo, terms, surrogate }: Forgotten): Promise<void> {
  for (const term of terms) {
    const params = { tenant: tenantNo, pattern: patternOf(term), by: String.raw`\1${surrogate}\2` }
    // twice, for one match may begin with the character that ends another
    const once = 'replaceRegexpAll(detail, {pattern:String}, {by:String})'
    const change = `detail = ${once.replace('detail', once)} WHERE tenant = {tenant:UInt32} AND match(detail, {pattern:String})`
    await alter(table, change, params)
  }
}

/** A term as a whole word, as it stands in a text or in JSON, whatever its case. */
export function patternOf(term: string): string {
  const written = [...new Set([term, JSON.stringify(term).slice(1, -1)])].map(escaped).join('|')
  return String.raw`(?i)(^|[^\p{L}\p{N}_])(?:${written})($|[^\p{L}\p{N}_])`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}

/** At least one chunk, for a subject without tokens has events too. */
function chunks<Value>(values: readonly Value[]): readonly (readonly Value[])[] {
  const all: (readonly Value[])[] = []
  for (let from = 0; from < values.length; from += NUMBERS_MAX) all.push(values.slice(from, from + NUMBERS_MAX))
  return all.length === 0 ? [[]] : all
}

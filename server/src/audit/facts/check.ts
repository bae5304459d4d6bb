import { setImmediate, setTimeout as after } from 'node:timers/promises'
import type { SubjectKeys } from '../../privacy/subject-keys.ts'
import type { RecordReads } from '../../records/records.ts'
import type { TokenInForce } from '../../records/fact-reads.ts'
import type { ReconcileCheck } from '../reconcile-check.ts'
import { verdict, WRONG_MAX } from '../reconcile-check.ts'
import { createLogReader, type Logged, type LogReader } from './reader.ts'
import { createSetup, daysOfClass, grantDeviations, RETENTION_ROWS, settingDeviations, SETUP_TYPES } from './setup.ts'
import { factsAfter, TOKEN_TYPES, tokenDeviations, type TokenFacts } from './tokens.ts'

/** Tokens of which one reading of the log keeps what it says; more of them take more readings. */
const TOKENS_AT_ONCE = 50_000
const ROWS_AT_ONCE = 500
/** Rows that are compared before what waits in this process has its turn. */
const SLICE = 100
/** How often what differs is looked at again, for the log follows the records. */
const ROUNDS = 5
const DRAIN_MS = 20_000
const AGAIN_MS = 50

export interface FactParts {
  readonly read: RecordReads
  /** Keys that open what entries hide. */
  readonly keys: Pick<SubjectKeys, 'open'>
}

/** Replays what the log proves of settings, roles and tokens in force from its entries alone, and compares the records with it. */
export async function checkFacts(parts: FactParts): Promise<readonly ReconcileCheck[]> {
  return [await checkTokenFacts(parts), await checkSetup(parts)]
}

async function checkTokenFacts({ read, keys }: FactParts): Promise<ReconcileCheck> {
  const found: Found[] = []
  let [count, unknown, from] = [0, 0, 0]
  for (;;) {
    const all = await collect(
      from,
      TOKENS_AT_ONCE,
      (place) => read.tokensInForce(place, ROWS_AT_ONCE),
      (token) => token.no,
    )
    const last = all.at(-1)
    if (!last) break
    const tokens = all.filter(({ observed }) => !observed)
    const facts = new Map<string, TokenFacts | undefined>(tokens.map((token) => [keyOf(token), undefined]))
    const reader = createLogReader({ read, keys }, TOKEN_TYPES)
    const range = { from, to: last.no }
    const result = await settle(read, reader, applyTo(facts), {
      rows: async (only) => (only ? await tokensOf(read, range, only) : tokens),
      keyOf,
      judge: (token) => tokenDeviations(token, facts.get(keyOf(token)) ?? {}),
    })
    found.push(result)
    count += tokens.length
    unknown += [...facts.values()].filter((each) => each === undefined).length
    from = last.no
  }
  const says = `${count} tokens in force have the scopes, owner and end that the log proves.${aside(unknown, 'have no entry that can still be opened')}`
  return told('facts', found, says, 'tokens are not what the log proves')
}

/** What is about a token of this reading; entries of others are passed over. */
function applyTo(facts: Map<string, TokenFacts | undefined>) {
  return (logged: Logged): void => {
    const key = `${logged.tenantNo} ${logged.opened['token'] ?? ''}`
    if (facts.has(key)) facts.set(key, factsAfter(facts.get(key), logged))
  }
}

const keyOf = ({ tenantNo, id }: TokenInForce): string => `${tenantNo} ${id}`

/** The tokens of these keys as they are now. */
async function tokensOf(
  read: RecordReads,
  { from, to }: { from: number; to: number },
  only: ReadonlySet<string>,
): Promise<readonly TokenInForce[]> {
  const wanted: TokenInForce[] = []
  for (let place = from; place < to && wanted.length < only.size;) {
    const rows = await read.tokensInForce(place, ROWS_AT_ONCE)
    wanted.push(...rows.filter((token) => token.no <= to && only.has(keyOf(token))))
    place = rows.at(-1)?.no ?? to
  }
  return wanted
}

async function checkSetup({ read, keys }: FactParts): Promise<ReconcileCheck> {
  const setup = createSetup()
  const reader = createLogReader({ read, keys }, SETUP_TYPES)
  const found = await settle(read, reader, setup.apply, {
    rows: async () => setupRows(read, setup),
    keyOf: (row) => ('id' in row ? row.id : `${row.tenantNo} ${row.name}`),
    judge: (row) => ('id' in row ? grantDeviations(row, setup) : settingDeviations(row, setup)),
  })
  const says = `${setup.settings.size} settings and ${setup.grants.size} roles in force are what the log proves.${aside(setup.unread.size, 'tenants have entries about roles that cannot be opened any more')}`
  return told('setup', [found], says, 'settings or roles are not what the log proves')
}

/** Settings and roles of the records, and what the log says was set and is not there. There are few: people make them. */
async function setupRows(read: RecordReads, { settings, grants }: ReturnType<typeof createSetup>) {
  const recorded = await collect(
    { tenantNo: -1, name: '' },
    Infinity,
    (place) => read.settingsAfter(place, ROWS_AT_ONCE),
    (row) => row,
  )
  const classes = await collect(
    0,
    Infinity,
    (no) => read.retentionsAfter(no, ROWS_AT_ONCE),
    ({ tenantNo }) => tenantNo,
  )
  const roles = await collect(
    '',
    Infinity,
    (id) => read.grantsAfter(id, ROWS_AT_ONCE),
    ({ id }) => id,
  )
  const values = new Map<string, string>([
    ...classes.map(({ tenantNo, retention }) => [`${tenantNo} ${RETENTION_ROWS}`, daysOfClass(retention)] as const),
    ...recorded.map(({ tenantNo, name, value }) => [`${tenantNo} ${name}`, value] as const),
  ])
  const names = [...new Set([...values.keys(), ...settings.keys()])].map((key) => {
    const [tenantNo, name] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)]
    return { tenantNo: Number(tenantNo), name, value: values.get(key) ?? null }
  })
  return [...names, ...roles, ...(await goneGrants(read, grants, new Set(roles.map(({ id }) => id))))]
}

/** Roles that the log gave and that are not in the records, of tokens that still work: somebody took them away. */
async function goneGrants(read: RecordReads, grants: ReturnType<typeof createSetup>['grants'], known: ReadonlySet<string>) {
  const gone = [...grants].filter(([id]) => !known.has(id)).slice(0, WRONG_MAX)
  const rows = await Promise.all(
    gone.map(async ([id, { tenantNo, token, role, scope, until }]) => {
      const found = token === undefined ? null : await read.token(tenantNo, token)
      return found?.endedAt === null ? [{ id, tenantNo, tokenId: found.id, role, scope, until, removedAt: 0 }] : []
    }),
  )
  return rows.flat()
}

interface Found {
  readonly wrong: readonly string[]
  /** What changed all the time. */
  readonly open: number
}

/**
 * Compares rows with what the log says. The log follows the records, so that what differs is looked at again: only a row that did
 * not change while everything that was committed before got its place, is judged.
 */
async function settle<Row>(
  read: RecordReads,
  reader: LogReader,
  apply: (logged: Logged) => void,
  o: {
    readonly rows: (only?: ReadonlySet<string>) => Promise<readonly Row[]>
    readonly keyOf: (row: Row) => string
    readonly judge: (row: Row) => readonly string[]
  },
): Promise<Found> {
  await drained(read)
  await reader.forward(apply)
  let open = new Set((await differing(await o.rows(), o.judge)).map(o.keyOf))
  const wrong: string[] = []
  for (let round = 0; round < ROUNDS && open.size > 0; round++) {
    const before = new Map((await o.rows(open)).map((row) => [o.keyOf(row), JSON.stringify(row)]))
    if (!(await drained(read))) break
    await reader.forward(apply)
    const now = (await o.rows(open)).filter((row) => open.has(o.keyOf(row)))
    const isSettled = (row: Row): boolean => before.get(o.keyOf(row)) === JSON.stringify(row)
    wrong.push(...now.filter(isSettled).flatMap(o.judge))
    open = new Set(now.filter((row) => !isSettled(row)).map(o.keyOf))
  }
  return { wrong: [...reader.wrong(), ...wrong], open: open.size }
}

/** Rows that are not what the log proves, a slice at a time. */
async function differing<Row>(rows: readonly Row[], judge: (row: Row) => readonly string[]): Promise<readonly Row[]> {
  const found: Row[] = []
  for (const [at, row] of rows.entries()) {
    if (judge(row).length > 0) found.push(row)
    if ((at + 1) % SLICE === 0) await setImmediate()
  }
  return found
}

/** Whether everything that is committed now has got its place. */
async function drained(read: RecordReads): Promise<boolean> {
  const { newest } = await read.logBacklog()
  const until = performance.now() + DRAIN_MS
  for (;;) {
    const [oldest] = await read.logWaiting(1)
    if (!oldest || oldest.position > newest) return true
    if (performance.now() >= until) return false
    await after(AGAIN_MS)
  }
}

function told(name: 'facts' | 'setup', found: readonly Found[], says: string, what: string): ReconcileCheck {
  const wrong = [...new Set(found.flatMap((each) => each.wrong))]
  const open = found.reduce((sum, each) => sum + each.open, 0)
  if (wrong.length > 0 || open === 0) return verdict(name, wrong, says, what)
  return {
    name,
    state: 'cannot say',
    says: `${open} changed all the time, or the log does not follow; another night.`,
    wrong: [],
  }
}

function aside(count: number, what: string): string {
  return count === 0 ? '' : ` ${count} ${what}.`
}

async function collect<Row, Place>(
  first: Place,
  max: number,
  page: (place: Place) => Promise<readonly Row[]>,
  placeOf: (row: Row) => Place,
): Promise<Row[]> {
  const rows: Row[] = []
  for (let place = first, more = true; more;) {
    const some = await page(place)
    rows.push(...some)
    const last = some.at(-1)
    if (last) place = placeOf(last)
    more = some.length === ROWS_AT_ONCE && rows.length < max
  }
  return rows
}

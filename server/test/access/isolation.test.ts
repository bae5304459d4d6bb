import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { READING_LIMITS } from '../../src/access/reading-limits.ts'
import type { Permission } from '../../src/access/permissions.ts'
import { type DataClass, type Reach, reachOf, TABLE } from '../../src/access/table.ts'
import { ROLES, type Role } from '../../src/records/records.ts'
import { type Front, NOON, openFront, type Reply, SYSTEM } from '../http/support.ts'
import { castOf, type Player } from './cast.ts'
import { sampleOf } from './sample-body.ts'
import { plantWorld, THING_NAMES, type ThingName, type Things } from './world.ts'

/**
 * Every route × role × {own, foreign, deleted, malformed} × class of data, on a whole server with duties kept apart: who may not is
 * told so before anything is looked up, who may sees the own thing, and what is another tenant's, gone, or no id at all is one and the
 * same 404.
 */

const UNBOUNDED = Object.fromEntries(Object.keys(READING_LIMITS).map((name) => [name, 1e9])) as unknown as typeof READING_LIMITS
const CASES = ['own', 'foreign', 'deleted', 'malformed'] as const
type Case = (typeof CASES)[number]
type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
type Route = Front['app']['routeTable'][number] & { readonly method: Method }

/** What the id in a path names. */
const NAMES: readonly (readonly [prefix: string, thing: ThingName])[] = [
  ['/v1/tokens/', 'token'],
  ['/v1/findings/', 'finding'],
  ['/v1/incidents/', 'incident'],
  ['/v1/leaks/', 'leak'],
  ['/v1/responses/', 'response'],
  ['/v1/suppressions/', 'suppression'],
  ['/v1/approvals/', 'approval'],
  ['/v1/roles/', 'grant'],
  ['/v1/rules/', 'rule'],
  ['/v1/sessions/', 'session'],
  ['/v1/subjects/erasures/', 'approval'],
  ['/v1/subjects/', 'subject'],
  ['/v1/events/', 'event'],
]
/** The id in the path is of the whole product, or is made by the call: nothing of a tenant is looked up by it. */
const NO_LOOKUP: ReadonlySet<string> = new Set([
  'GET /v1/evidence/questions/:name',
  'GET /v1/log/:shard/*',
  'PUT /v1/imports/:source',
  'POST /v1/tokens/:id/deny',
  'POST /v1/reports/:name',
])
/** Bodies that a schema alone does not tell. */
const BODIES: Readonly<Record<string, unknown>> = {
  'PATCH /v1/tokens/:id': { name: 'renamed' },
  'POST /v1/findings/:id/suppress': { reason: 'known', until: NOON + 3_600_000 },
}
/** Ends the caller's own session or factor, or stays open. */
const NOT_CALLED: ReadonlySet<string> = new Set([
  'GET /v1/live',
  'DELETE /v1/session',
  'POST /v1/second-factor',
  'POST /v1/second-factor/prove',
  'POST /v1/second-factor/remove',
  'POST /v1/separation',
  'POST /v1/keys/rotate-kek',
])

let front: Front
let cast: ReadonlyMap<Role, Player>
let things: Readonly<Record<Case, Things>>
let foreignMarks: readonly string[]
let ownMarks: Readonly<Record<DataClass, readonly string[]>>
let count = 0
let leaks = 0

beforeAll(async () => {
  front = await openFront({ access: { limits: UNBOUNDED }, ship: true })
  const own = await plantWorld(front, front.own, 'own')
  const foreign = await plantWorld(front, front.other, 'foreign')
  cast = await castOf(front)
  await front.records.act('setSeparation', { tenantNo: front.own.no, enforced: true, ground: 'test', at: NOON, actor: SYSTEM })
  const gone = Object.fromEntries(THING_NAMES.map((name) => [name, goneLike(own.things[name] ?? '')]))
  things = {
    own: own.things,
    foreign: foreign.things,
    deleted: gone,
    malformed: Object.fromEntries(THING_NAMES.map((name) => [name, '~'])),
  }
  foreignMarks = [...foreign.marks, ...foreign.texts, ...Object.values(foreign.things)]
  ownMarks = {
    none: [],
    aggregate: [],
    pseudonymous: [own.things.token ?? '', own.things.finding ?? ''],
    identified: [own.owner],
    secret: own.texts,
  }
}, 120_000)
afterAll(() => front.close())

/** An id of the same form that nothing has any more. */
function goneLike(id: string): string {
  const [, head = '', tail = id] = /^([a-z]{3}_)?(.*)$/.exec(id) ?? []
  return head + tail.replaceAll(/[0-9A-Za-z]/g, '0')
}

function routes(): readonly Route[] {
  return front.app.routeTable.filter(
    ({ method, url, permission }) => method !== 'HEAD' && permission !== 'public' && !NOT_CALLED.has(`${method} ${url}`),
  ) as Route[]
}

function bodyOf({ method, url }: Route): unknown {
  const known = BODIES[`${method} ${url}`]
  if (known !== undefined) return known
  const paths = (front.app as unknown as { swagger(): { paths: Record<string, Record<string, OperationBody>> } }).swagger().paths
  const operation = paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
  const schema = Object.values(operation?.requestBody?.content ?? {})[0]?.schema
  return schema === undefined ? undefined : sampleOf(schema)
}
interface OperationBody {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
}

function thingOf({ method, url }: Route): ThingName | undefined {
  if (!url.includes(':') || NO_LOOKUP.has(`${method} ${url}`)) return undefined
  return NAMES.find(([prefix]) => url.startsWith(prefix))?.[1] ?? 'token'
}

function urlFor(route: Route, thing: ThingName | undefined, which: Case): string {
  const id = thing === undefined ? nameFor(route.url) : (things[which][thing] ?? 'gone')
  return route.url.replace(/:\w+/, encodeURIComponent(id)).replace('*', 'checkpoint')
}

/** A name that is of the whole product. */
function nameFor(url: string): string {
  return url.startsWith('/v1/reports/') ? 'integration-health' : 'totals'
}

/** What the table says of a role at a route. */
function reachAt(role: Role, { permission, own }: Route): Reach | undefined {
  const reach = reachOf(role, permission as Permission)
  return reach === 'own' && own === undefined ? undefined : reach
}

/** What two answers must have in common to tell nothing: all but the request's own id. */
function told({ status, text }: Reply): string {
  return `${status} ${text.replaceAll(/"requestId":"[^"]*"/g, '').replaceAll(/"instance":"[^"]*"/g, '')}`
}

describe('isolation', () => {
  test.each(ROLES)(
    'of the role %s: every route, every case',
    async (role) => {
      const player = cast.get(role)!
      const faults: string[] = []
      for (const route of routes()) {
        const thing = thingOf(route)
        const body = bodyOf(route)
        const answers = new Map<Case, Reply>()
        for (const which of thing === undefined ? (['own'] as const) : (['foreign', 'deleted', 'malformed', 'own'] as const)) {
          const reply = await player.call(route.method, urlFor(route, thing, which), body)
          answers.set(which, reply)
          faults.push(
            ...leaksIn(role, route, which, reply).map((what) => `${role} ${route.method} ${route.url} ${which}: ${what}`),
          )
        }
        faults.push(...misfits(role, route, answers).map((what) => `${role} ${route.method} ${route.url}: ${what}`))
      }
      leaks += faults.length
      expect(faults).toEqual([])
    },
    60_000,
  )

  test('counts what it tried', () => {
    console.info(`isolation: ${count} combinations of route, role, case and class; ${leaks} leaks`)
    expect(count).toBeGreaterThan(10_000)
  })
})

/** Words in an answer that the role must not read there. */
function leaksIn(role: Role, { permission, url }: Route, which: Case, { text }: Reply): string[] {
  const named = which === 'foreign' ? new Set(Object.values(things.foreign)) : new Set<string>()
  const faults = foreignMarks
    .filter((mark) => text.includes(mark) && !named.has(mark))
    .map((mark) => `tells ${mark} of another tenant`)
  count += 1
  for (const [dataClass, marks] of Object.entries(ownMarks) as [DataClass, readonly string[]][]) {
    count += 1
    if (maySee(role, permission as Permission, url, dataClass)) continue
    faults.push(
      ...marks.filter((mark) => text.includes(mark) && which !== 'own').map((mark) => `tells ${mark}, which is ${dataClass}`),
    )
    faults.push(
      ...marks
        .filter((mark) => which === 'own' && text.includes(mark) && !url.includes(':'))
        .map((mark) => `tells ${mark}, which is ${dataClass}`),
    )
  }
  return faults
}

/** May a role read this class of its tenant's data on such a route? */
function maySee(role: Role, permission: Permission, _url: string, dataClass: DataClass): boolean {
  if (dataClass === 'none' || dataClass === 'aggregate') return true
  if (dataClass === 'secret') return false
  if (TABLE[permission].class === 'identified') return true
  if (dataClass === 'identified') return reachOf(role, 'identities:read') === 'yes' || TABLE[permission].class === 'secret'
  return ['pseudonymous', 'secret', 'identified'].includes(TABLE[permission].class)
}

/** Where the answers are not what the table says. */
function misfits(role: Role, route: Route, answers: ReadonlyMap<Case, Reply>): string[] {
  const reach = reachAt(role, route)
  const own = answers.get('own')!
  if (reach === undefined) {
    const open = [...answers].filter(([, { status, body }]) => status !== 403 || body?.code !== 'not_permitted')
    return open.map(([which, reply]) => `${which} is not refused but ${told(reply).slice(0, 160)}`)
  }
  const faults: string[] = []
  if (own.status >= 500 && own.status !== 503) faults.push(`own fails: ${told(own).slice(0, 200)}`)
  if (own.status === 401) faults.push(`own is not known: ${told(own).slice(0, 160)}`)
  if (answers.size === 1) return faults
  const [foreign, deleted, malformed] = (['foreign', 'deleted', 'malformed'] as const).map((which) => told(answers.get(which)!))
  if (foreign !== deleted || foreign !== malformed)
    faults.push(`tells apart: ${[foreign, deleted, malformed].map((each) => each?.slice(0, 140)).join(' | ')}`)
  if (!foreign?.startsWith('404')) faults.push(`no 404 but ${foreign?.slice(0, 200)}`)
  return faults
}

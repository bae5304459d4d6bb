/**
 * What reading costs and how much of it anybody may have: the one table. Every route that reads stands in it with its class, or the
 * server does not start; validation, writing and sign-in have limits of their own.
 */

/** Bounds, per minute where nothing else is said. Counted for a principal (all tokens and sessions of one owner) and for a tenant. */
export interface ReadingLimits {
  readonly requestsPerPrincipal: number
  /** So many more at once, before a request is refused; filled again in five minutes. */
  readonly burstPerPrincipal: number
  readonly requestsPerTenant: number
  /** Points: 1 for a question to roll-ups, else 1 for each begun million rows. */
  readonly costPerPrincipal: number
  readonly costPerTenant: number
  /** Points of one question; beyond it is refused, with the cost named. */
  readonly costPerQuestion: number
  /** Questions running at once; more wait for a moment, and are refused then. */
  readonly concurrentPerPrincipal: number
  readonly concurrentPerTenant: number
  /** Live streams open at once. */
  readonly streamsPerPrincipal: number
  readonly streamsPerTenant: number
  /** Exports and evidence packs, per hour. */
  readonly packsPerPrincipal: number
  readonly packsPerTenant: number
  /** Everyday reports, per hour; what they ask is counted besides. */
  readonly reportsPerPrincipal: number
  readonly reportsPerTenant: number
  /** Reveals of a tenant, per day; those of a principal are counted in records, and beyond 20 take two people. */
  readonly revealsPerTenant: number
  /** Different questions of one viewer, per day. */
  readonly viewerQuestionsPerDay: number
  /** Requests to routes that read, without a credential that is known, per source prefix. */
  readonly anonymousPerSource: number
  /** Files of a published log, per source prefix. */
  readonly publishedPerSource: number
}

export const READING_LIMITS: ReadingLimits = {
  requestsPerPrincipal: 120,
  burstPerPrincipal: 30,
  requestsPerTenant: 600,
  costPerPrincipal: 600,
  costPerTenant: 3_000,
  costPerQuestion: 100,
  concurrentPerPrincipal: 4,
  concurrentPerTenant: 16,
  streamsPerPrincipal: 5,
  streamsPerTenant: 200,
  packsPerPrincipal: 10,
  packsPerTenant: 60,
  reportsPerPrincipal: 120,
  reportsPerTenant: 1_200,
  revealsPerTenant: 100,
  viewerQuestionsPerDay: 500,
  anonymousPerSource: 10,
  publishedPerSource: 6_000,
}

/** Classes of reading, and what each takes. */
export const COSTS = {
  health: { what: 'for machines that ask whether it lives; no limit, nothing is read', points: 0, takes: [] },
  published: { what: 'what the operator publishes to everybody', points: 0, takes: ['source'] },
  state: { what: 'one small thing from memory or records', points: 0, takes: ['request'] },
  list: { what: 'rows of records', points: 1, takes: ['request', 'place'] },
  rollup: { what: 'a question to roll-ups', points: 1, takes: ['request', 'place'] },
  rows: { what: 'a question that may read events: estimated before it runs', points: 'estimated', takes: ['request', 'place'] },
  log: { what: 'entries and files of the audit log', points: 1, takes: ['request', 'place'] },
  proof: { what: 'a proof from the audit log', points: 1, takes: ['request', 'place'] },
  live: { what: 'a live stream', points: 1, takes: ['request', 'stream'] },
  export: { what: 'everything about something, as a file', points: 1, takes: ['request', 'place', 'export'] },
  pack: { what: 'an evidence pack is made', points: 1, takes: ['request', 'export'] },
  report: { what: 'a report: each question that it asks costs by itself', points: 0, takes: ['request', 'report'] },
  reveal: { what: 'what stands behind a pseudonym or a seal', points: 1, takes: ['request', 'reveal'] },
} as const satisfies Record<
  string,
  {
    readonly what: string
    readonly points: number | 'estimated'
    readonly takes: readonly ('source' | 'request' | 'place' | 'stream' | 'export' | 'report' | 'reveal')[]
  }
>
export type CostClass = keyof typeof COSTS

/** Every route that reads, with what it costs. */
export const READING_ROUTES: Readonly<Record<string, CostClass>> = {
  'GET /healthz': 'health',
  'GET /readyz': 'health',
  'GET /openapi.json': 'health',
  'GET /.well-known/tokentrail/keys': 'published',
  'GET /audit/*': 'published',
  'GET /v1/log/:shard/*': 'published',
  'GET /metrics': 'state',
  'GET /v1/status': 'state',
  'GET /v1/session': 'health',
  'GET /v1/sessions': 'state',
  'GET /v1/second-factor': 'state',
  'GET /v1/detectors': 'state',
  'GET /v1/playbook': 'state',
  'GET /v1/imports': 'state',
  'GET /v1/imports/:source': 'state',
  'GET /v1/retention': 'state',
  'GET /v1/detection': 'state',
  'GET /v1/privacy/erasure-policy': 'state',
  'GET /v1/privacy/viewers': 'state',
  'GET /v1/audit': 'state',
  'GET /v1/audit/recovery': 'state',
  'GET /v1/evidence': 'state',
  'GET /v1/reports': 'state',
  'GET /v1/evidence/packs/:id/status': 'state',
  'GET /v1/tokens': 'list',
  'GET /v1/tokens/:id': 'state',
  'GET /v1/findings': 'list',
  'GET /v1/findings/counts': 'list',
  'GET /v1/findings/precision': 'list',
  'GET /v1/findings/:id': 'list',
  'GET /v1/incidents': 'list',
  'GET /v1/incidents/:id': 'list',
  'GET /v1/marks': 'list',
  'GET /v1/suppressions': 'list',
  'GET /v1/responses': 'list',
  'GET /v1/responses/:id': 'list',
  'GET /v1/leaks': 'list',
  'GET /v1/leaks/:id': 'rows',
  'GET /v1/rules': 'list',
  'GET /v1/rules/:id': 'list',
  'GET /v1/evidence/packs': 'list',
  'GET /v1/reviews': 'list',
  'GET /v1/subjects/erasures': 'list',
  'GET /v1/subjects/erasures/:id': 'list',
  'GET /v1/subjects/restrictions': 'list',
  'GET /v1/retention/due': 'rows',
  'GET /v1/retention/runs': 'list',
  'GET /v1/retention/certificate': 'list',
  'GET /v1/holds': 'list',
  'GET /v1/approvals': 'list',
  'GET /v1/approvals/:id': 'list',
  'GET /v1/people': 'list',
  'GET /v1/readings': 'rows',
  'GET /v1/questions/validations-by-step': 'rollup',
  'GET /v1/questions/totals': 'rollup',
  'GET /v1/questions/rejections-by-reason': 'rollup',
  'GET /v1/questions/latency-by-step': 'rollup',
  'GET /v1/questions/top-tokens': 'rows',
  'GET /v1/questions/top-networks': 'rows',
  'GET /v1/questions/events-page': 'rows',
  'GET /v1/questions/token-life-line': 'rows',
  'GET /v1/questions/places-of-token': 'rows',
  'GET /v1/questions/agents-of-token': 'rows',
  'GET /v1/questions/routes-of-token': 'rows',
  'GET /v1/questions/services-of-token': 'rows',
  'GET /v1/questions/scopes-of-token': 'rows',
  'GET /v1/questions/uses-after-end': 'rows',
  'GET /v1/questions/single-use-funnel': 'rows',
  'GET /v1/questions/last-used-by-token': 'rows',
  'GET /v1/questions/completeness': 'rollup',
  'GET /v1/events': 'rows',
  'GET /v1/metrics/tokens': 'rollup',
  'GET /v1/metrics/series': 'rollup',
  'GET /v1/tokens/:id/timeline': 'rows',
  'GET /v1/tokens/:id/blast-radius': 'rows',
  'GET /v1/evidence/questions/:name': 'rows',
  'GET /v1/events/:id/proof': 'proof',
  'GET /v1/audit/entries': 'log',
  'GET /v1/live': 'live',
  'GET /v1/evidence/packs/:id': 'export',
  'GET /v1/subjects/:id/export': 'export',
  'POST /v1/evidence/packs': 'pack',
  'POST /v1/reports/:name': 'report',
  'POST /v1/playbook/rehearse': 'rows',
  'POST /v1/rules/check': 'state',
  'POST /v1/rules/backtest/cost': 'rows',
  'POST /v1/rules/backtest': 'rows',
  'POST /v1/audit/reconcile': 'rows',
  'POST /v1/privacy/pseudonym': 'reveal',
  'POST /v1/privacy/reveal': 'reveal',
}

/** What a route costs; undefined where it does not read. Throws for one that reads and does not say. */
export function costOf(method: string, url: string, reads: boolean): CostClass | undefined {
  const known = READING_ROUTES[`${method} ${url}`]
  if (known === undefined && reads)
    throw new TypeError(`the route ${method} ${url} reads and has no cost: name it in access/reading-limits.ts`)
  return known
}

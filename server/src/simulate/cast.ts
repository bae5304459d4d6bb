import type { RhythmName } from './rhythm.ts'

/** A route of a service: what is asked, and the scope it needs. */
export interface Route {
  readonly method: string
  readonly route: string
  readonly scope: string
  readonly weight: number
}

/** A service that asks Tokentrail about the tokens it is shown. */
export interface Service {
  readonly name: string
  readonly routes: readonly Route[]
}

function service(
  name: string,
  routes: readonly (readonly [method: string, route: string, scope: string, weight: number])[],
): Service {
  return { name, routes: routes.map(([method, route, scope, weight]) => ({ method, route, scope, weight })) }
}

export const SERVICES: readonly Service[] = [
  service('orders-api', [
    ['GET', '/orders', 'orders:read', 30],
    ['GET', '/orders/{id}', 'orders:read', 46],
    ['POST', '/orders', 'orders:write', 14],
    ['PATCH', '/orders/{id}', 'orders:write', 7],
    ['POST', '/orders/{id}/refunds', 'orders:refund', 2],
  ]),
  service('catalog-api', [
    ['GET', '/products', 'catalog:read', 48],
    ['GET', '/products/{sku}', 'catalog:read', 60],
    ['GET', '/products/{sku}/stock', 'stock:read', 26],
    ['PUT', '/products/{sku}/stock', 'stock:write', 8],
  ]),
  service('billing-api', [
    ['GET', '/invoices', 'billing:read', 22],
    ['GET', '/invoices/{id}', 'billing:read', 28],
    ['POST', '/invoices', 'billing:write', 9],
    ['POST', '/payments', 'payments:write', 6],
    ['GET', '/payouts/{id}', 'payouts:read', 3],
  ]),
  service('customers-api', [
    ['GET', '/customers/{id}', 'customers:read', 34],
    ['GET', '/customers', 'customers:read', 12],
    ['PATCH', '/customers/{id}', 'customers:write', 9],
    ['POST', '/customers/exports', 'customers:export', 1],
  ]),
  service('search-api', [
    ['GET', '/search', 'search:read', 80],
    ['GET', '/suggest', 'search:read', 40],
    ['POST', '/index/{name}', 'search:write', 5],
  ]),
  service('files-api', [
    ['GET', '/files/{id}', 'files:read', 30],
    ['POST', '/files', 'files:write', 12],
    ['DELETE', '/files/{id}', 'files:delete', 2],
  ]),
  service('webhooks', [
    ['POST', '/hooks/{name}', 'hooks:send', 20],
    ['GET', '/deliveries', 'hooks:read', 6],
  ]),
  service('reports-api', [
    ['GET', '/reports/{name}', 'reports:read', 12],
    ['POST', '/reports', 'reports:write', 4],
  ]),
]

/** A person or service whom tokens belong to. */
export interface CastOwner {
  readonly id: string
  readonly name: string
  readonly kind: 'person' | 'service'
  readonly rhythm: RhythmName
  /** How it calls: runtimes of servers, tools of people, phones. */
  readonly agents: readonly string[]
  readonly place: 'datacentre' | 'office' | 'mobile' | 'ci'
}

const AGENTS = {
  node: ['node', 'undici', 'axios/1.7.9', 'node-fetch/3.3.2'],
  python: ['python-requests/2.32.3', 'python-httpx/0.28.1'],
  java: ['okhttp/4.12.0', 'Apache-HttpClient/5.4 (Java/21.0.5)', 'Java-http-client/21.0.5'],
  go: ['Go-http-client/2.0', 'Go-http-client/1.1'],
  php: ['GuzzleHttp/7', 'Symfony HttpClient (Curl)'],
  ci: ['curl/8.11.1', 'Go-http-client/1.1'],
  people: [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
    'PostmanRuntime/7.43.0',
    'curl/8.11.1',
  ],
  phones: [
    'Dart/3.6 (dart:io)',
    'okhttp/4.12.0',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  ],
} as const

type Row = readonly [id: string, name: string, rhythm: RhythmName, agents: keyof typeof AGENTS, place: CastOwner['place']]

const SERVICE_OWNERS: readonly Row[] = [
  ['web-shop', 'Web shop', 'consumer', 'node', 'datacentre'],
  ['mobile-app', 'Mobile app', 'consumer', 'phones', 'mobile'],
  ['mobile-app-beta', 'Mobile app, beta', 'consumer', 'phones', 'mobile'],
  ['checkout', 'Checkout', 'consumer', 'java', 'datacentre'],
  ['warehouse', 'Warehouse', 'office', 'java', 'datacentre'],
  ['warehouse-scanners', 'Hand scanners', 'office', 'java', 'office'],
  ['erp-sync', 'ERP synchronisation', 'steady', 'java', 'datacentre'],
  ['price-feed', 'Price feed', 'steady', 'go', 'datacentre'],
  ['stock-feed', 'Stock feed', 'steady', 'go', 'datacentre'],
  ['search-indexer', 'Search indexer', 'steady', 'go', 'datacentre'],
  ['recommendations', 'Recommendations', 'consumer', 'python', 'datacentre'],
  ['fraud-check', 'Fraud check', 'consumer', 'python', 'datacentre'],
  ['accounting', 'Accounting export', 'nightly', 'php', 'datacentre'],
  ['data-warehouse', 'Data warehouse loader', 'nightly', 'python', 'datacentre'],
  ['backup-job', 'Backup', 'nightly', 'go', 'datacentre'],
  ['ci-deploy', 'Deploy pipeline', 'office', 'ci', 'ci'],
  ['ci-tests', 'Test pipeline', 'office', 'ci', 'ci'],
  ['monitoring', 'Monitoring', 'steady', 'go', 'datacentre'],
  ['support-desk', 'Support desk', 'office', 'php', 'office'],
  ['newsletter', 'Newsletter', 'office', 'php', 'datacentre'],
  ['partner-lindholm', 'Partner: Lindholm Logistics', 'office', 'java', 'datacentre'],
  ['partner-aster', 'Partner: Aster Payments', 'steady', 'node', 'datacentre'],
  ['partner-brightly', 'Partner: Brightly Reviews', 'consumer', 'php', 'datacentre'],
  ['partner-norden', 'Partner: Norden Marketplace', 'consumer', 'node', 'datacentre'],
  ['partner-kestrel', 'Partner: Kestrel Tax', 'office', 'python', 'datacentre'],
  ['legacy-importer', 'Legacy importer', 'nightly', 'php', 'datacentre'],
]

const PEOPLE = [
  'Ada Brandt',
  'Björn Falk',
  'Carla Moreau',
  'Dmitri Volkov',
  'Elif Kaya',
  'Farah Nasser',
  'Gustav Lind',
  'Hana Sato',
  'Ivo Horvat',
  'Jana Novak',
  'Kofi Mensah',
  'Lena Vogt',
  'Mateo Ruiz',
  'Nora Quinn',
]

/** Who owns tokens in the story: 26 services and 14 people. */
export const OWNERS: readonly CastOwner[] = [
  ...SERVICE_OWNERS.map(([id, name, rhythm, agents, place]): CastOwner => ({
    id,
    name,
    kind: 'service',
    rhythm,
    agents: AGENTS[agents],
    place,
  })),
  ...PEOPLE.map((name): CastOwner => ({
    id: idOf(name),
    name,
    kind: 'person',
    rhythm: 'office',
    agents: AGENTS.people,
    place: 'office',
  })),
]

function idOf(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^\p{Letter} ]/gu, '')
    .toLowerCase()
    .replaceAll(' ', '.')
}

/**
 * Addresses that belong to nobody: 198.18.0.0/15 for measurements (RFC 2544) and 100.64.0.0/10 behind carriers (RFC 6598), so
 * that the story points at no real network. Places differ in the third number.
 */
export const PLACES = {
  datacentre: (no: number, host: number) => `198.18.${no % 200}.${10 + (host % 200)}`,
  office: (_no: number, host: number) => `198.18.240.${2 + (host % 200)}`,
  ci: (_no: number, host: number) => `198.18.${244 + (host % 8)}.${host % 250}`,
  mobile: (no: number, host: number) => `100.${64 + (no % 16)}.${host % 256}.${(host >> 8) % 256}`,
  /** Networks that no legitimate caller uses. */
  stranger: (no: number, host: number) => `198.19.${no % 256}.${host % 256}`,
} as const

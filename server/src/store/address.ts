import { TrailError } from '../errors.ts'

/** Where the store is, as plain data that a thread can be given. Holds a password when served: never log it. */
export type StoreAddress =
  | { readonly form: 'embedded'; readonly socketPath: string; readonly database: string }
  | {
      readonly form: 'served'
      readonly url: string
      readonly username: string
      readonly password: string
      readonly database: string
      readonly cluster?: string
    }

/** Database of the store, unless the URL names another. */
export const STORE_DATABASE = 'tokentrail'

/** Reads `http(s)://user:password@host:port/database?cluster=name`. Database and cluster are optional. */
export function servedAddress(text: string): StoreAddress & { form: 'served' } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw refused('an http or https URL such as http://user:password@host:8123/tokentrail')
  const database = nameOf('database', decodeURIComponent(url.pathname.slice(1)) || STORE_DATABASE)
  const cluster = url.searchParams.get('cluster')
  return {
    form: 'served',
    url: url.origin,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database,
    ...(cluster ? { cluster: nameOf('cluster', cluster) } : {}),
  }
}

/** Address of the child process behind `socketPath`. */
export function embeddedAddress(socketPath: string): StoreAddress {
  return { form: 'embedded', socketPath, database: STORE_DATABASE }
}

/** An address as a log may hold it: without user and password. */
export function addressForLog(address: StoreAddress): Record<string, string> {
  return address.form === 'embedded'
    ? { form: 'embedded' }
    : { form: 'served', url: address.url, database: address.database, ...(address.cluster ? { cluster: address.cluster } : {}) }
}

function nameOf(what: string, name: string): string {
  if (!/^\w{1,64}$/.test(name)) throw refused(`a ${what} of at most 64 letters, digits and underscores`)
  return name
}

function refused(expected: string): TrailError {
  return new TrailError(
    'config_invalid',
    `The address of the store is not accepted: expected ${expected}. Correct --store or TOKENTRAIL_STORE.`,
    {
      input: 'store',
    },
  )
}

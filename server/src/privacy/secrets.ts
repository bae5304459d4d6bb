/** What stands in the place of a secret. */
export type Mark = (secret: string) => string

/** Shapes of credentials that must not stand in an event: our own, JSON web tokens, and those of services people use most. */
const SHAPES = [
  /[A-Za-z][0-9A-Za-z_]{0,31}_[0-9A-Za-z]{16}_[0-9A-Za-z]{43,49}/,
  /[A-Za-z][0-9A-Za-z_]{0,31}_[0-9A-Za-z]{16}_\d{6,8}(?![0-9A-Za-z])/,
  /secret-token:[^\s"'<>&]+/,
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
  /gh[pousr]_[0-9A-Za-z]{36}/,
  /github_pat_\w{22,}/,
  /glpat-[\w-]{20}/,
  /xox[abprs]-[\w-]{10,}/,
  /xapp-[\w-]{10,}/,
  /(?:sk|rk|whsec)_(?:(?:live|test)_)?[0-9A-Za-z]{24,}/,
  /sk-[\w-]{20,}/,
  /npm_[0-9A-Za-z]{36}/,
  /pypi-[\w-]{32,}/,
  /hf_[0-9A-Za-z]{30,}/,
  /AIza[\w-]{35}/,
  /(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/,
]
const ANY = new RegExp(SHAPES.map((shape) => shape.source).join('|'))
const ALL = new RegExp(ANY.source, 'g')

/** Names under which a secret is handed over, whatever it looks like. */
const NAMES = [
  'access_token',
  'refresh_token',
  'id_token',
  'auth_token',
  'session_token',
  'token',
  'api_key',
  'apikey',
  'x-api-key',
  'client_secret',
  'secret',
  'password',
  'passwd',
  'pwd',
  'private_key',
  'signature',
  'x-amz-signature',
  'sig',
]
const HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie']
/** `name=value` of a query string or a form, `name: value` of a header. */
const PAIR = new RegExp(String.raw`(^|[?&;,\s"'])(${NAMES.join('|')})(\s*=\s*)([^\s"'&;,#]+)`, 'gi')
const HEADER = new RegExp(String.raw`(^|[\s"'])(${[...HEADERS, ...NAMES].join('|')})(\s*:\s*)(\S[^\r\n"]*)`, 'gi')
const SECRET_KEYS: ReadonlySet<string> = new Set([...NAMES, ...HEADERS].filter((name) => name !== 'token').map(plainKey))

/** No text that is shorter holds one. */
const CHARS_MIN = 7

/** Is there something shaped like a credential in a text? */
export function holdsSecret(text: string): boolean {
  return ANY.test(text)
}

/** The text with every credential taken out: what is shaped like one, and what is handed over under the name of one. */
export function withoutSecrets(text: string, mark: Mark = TAKEN_OUT): string {
  if (text.length < CHARS_MIN) return text
  const unshaped = ANY.test(text) ? text.replaceAll(ALL, (secret) => mark(secret)) : text
  if (!unshaped.includes('=') && !unshaped.includes(':')) return unshaped
  return unshaped.replaceAll(PAIR, pair(mark)).replaceAll(HEADER, pair(mark))
}

/** The same for every text inside a value, and for what stands under the name of a secret. */
export function withoutSecretsIn(value: unknown, mark: Mark = TAKEN_OUT): unknown {
  if (typeof value === 'string') return withoutSecrets(value, mark)
  if (Array.isArray(value)) return value.map((each) => withoutSecretsIn(each, mark))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [withoutSecrets(key, mark), underKey(key, inner, mark)]))
}

function underKey(key: string, value: unknown, mark: Mark): unknown {
  const isSecret = SECRET_KEYS.has(plainKey(key)) && (typeof value === 'string' || typeof value === 'number')
  return isSecret ? mark(String(value)) : withoutSecretsIn(value, mark)
}

function pair(mark: Mark) {
  return (whole: string, before: string, name: string, between: string, value: string): string =>
    value.startsWith('[secret') ? whole : `${before}${name}${between}${mark(value)}`
}

function plainKey(key: string): string {
  return key.toLowerCase().replaceAll(/[-_\s]/g, '')
}

const TAKEN_OUT: Mark = () => '[secret]'

import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { TrailError } from '../errors.ts'
import { LOG_LEVELS } from './log.ts'
import type { LogLevel } from './log.ts'

/** Everything an operator can set, checked. */
export interface Config {
  /** Folder of all embedded data. */
  readonly data: string
  /** Folder of the key-encryption key and the peppers; several servers on one PostgreSQL share it. */
  readonly keys: string
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** ClickHouse by URL; undefined = embedded. */
  readonly storeUrl: string | undefined
  /** PostgreSQL by URL; undefined = embedded SQLite. */
  readonly recordsUrl: string | undefined
  /** PostgreSQL of the subject keys by URL, another database than the records; undefined = a file of this server. */
  readonly subjectKeysUrl: string | undefined
  /** Configuration file of the audit log's witnesses and other copies; undefined = none. */
  readonly auditConfig: string | undefined
  /** CIDRs whose `X-Forwarded-For` is believed; none by default. */
  readonly trustedProxies: readonly string[]
  /** Address under which people reach the dashboard, when it differs from host and port. */
  readonly publicUrl: string | undefined
  /** File that names the mail server and the sender; undefined = no mail about findings is sent. */
  readonly mailConfig: string | undefined
  readonly storeMemoryBytesMax: number
  readonly journalBytesMax: number
  /** A validation that cannot be recorded is answered 503 instead of being counted as lost. */
  readonly validationStrict: boolean
  readonly logLevel: LogLevel
}

/** What the command line gives; a missing option falls back to its environment variable, then to its default. */
export type ConfigOptions = Readonly<Partial<Record<keyof typeof SETTINGS, string>>>

const MIB = 1024 * 1024

/** Every setting: its environment variable, its default, and what it means. The reference page and `--help` come from here. */
export const SETTINGS = {
  data: { variable: 'TOKENTRAIL_DATA', fallback: 'tokentrail-data', doc: 'folder of the embedded data' },
  keys: { variable: 'TOKENTRAIL_KEYS', fallback: '', doc: 'folder of the keys (default: keys/ in the data folder)' },
  host: { variable: 'TOKENTRAIL_HOST', fallback: '127.0.0.1', doc: 'address to listen on' },
  port: { variable: 'TOKENTRAIL_PORT', fallback: '4600', doc: 'port to listen on; 0 = any free one' },
  store: { variable: 'TOKENTRAIL_STORE', fallback: '', doc: 'ClickHouse by URL (default: embedded)' },
  records: { variable: 'TOKENTRAIL_RECORDS', fallback: '', doc: 'PostgreSQL by URL (default: embedded SQLite)' },
  subjectKeys: {
    variable: 'TOKENTRAIL_SUBJECT_KEYS',
    fallback: '',
    doc: 'PostgreSQL of the subject keys by URL, another database than the records; file = a file of this server, which then runs alone (default: file)',
  },
  auditConfig: {
    variable: 'TOKENTRAIL_AUDIT_CONFIG',
    fallback: '',
    doc: 'JSON file that names the witnesses and other copies of the audit log (default: none)',
  },
  trustedProxies: {
    variable: 'TOKENTRAIL_TRUSTED_PROXIES',
    fallback: '',
    doc: 'CIDRs of proxies whose X-Forwarded-For is believed',
  },
  publicUrl: { variable: 'TOKENTRAIL_PUBLIC_URL', fallback: '', doc: 'address under which people reach the dashboard' },
  mailConfig: { variable: 'TOKENTRAIL_MAIL_CONFIG', fallback: '', doc: 'JSON file with smtp and from, for mail about findings' },
  storeMemory: { variable: 'TOKENTRAIL_STORE_MEMORY_MIB', fallback: '2048', doc: 'memory of the embedded store, MiB' },
  journalSize: { variable: 'TOKENTRAIL_JOURNAL_MIB', fallback: '2048', doc: 'size bound of the journal, MiB' },
  auditValidation: {
    variable: 'TOKENTRAIL_AUDIT_VALIDATION',
    fallback: 'answer',
    doc: 'a validation that cannot be recorded: answer = it is answered and the loss declared, strict = 503',
  },
  logLevel: { variable: 'TOKENTRAIL_LOG_LEVEL', fallback: 'info', doc: LOG_LEVELS.join(', ') },
} as const

/** Reads and checks all settings. Throws `config_invalid` naming the setting. */
export function readConfig(options: ConfigOptions, environment: NodeJS.ProcessEnv): Config {
  const text = (name: keyof typeof SETTINGS): string =>
    options[name] ?? environment[SETTINGS[name].variable] ?? SETTINGS[name].fallback
  const data = resolve(text('data'))
  return {
    data,
    keys: text('keys') === '' ? resolve(data, 'keys') : resolve(text('keys')),
    host: text('host'),
    port: integer('port', text('port'), 0, 65_535),
    storeUrl: urlOf('store', text('store'), ['http:', 'https:']),
    recordsUrl: urlOf('records', text('records'), ['postgres:', 'postgresql:']),
    subjectKeysUrl: subjectKeysUrl(text('subjectKeys'), text('records')),
    auditConfig: text('auditConfig') === '' ? undefined : resolve(text('auditConfig')),
    trustedProxies: cidrs(text('trustedProxies')),
    publicUrl: urlOf('publicUrl', text('publicUrl'), ['http:', 'https:']),
    mailConfig: text('mailConfig') === '' ? undefined : resolve(text('mailConfig')),
    storeMemoryBytesMax: integer('storeMemory', text('storeMemory'), 256, 1_048_576) * MIB,
    journalBytesMax: integer('journalSize', text('journalSize'), 16, 1_048_576) * MIB,
    validationStrict: oneOf('auditValidation', text('auditValidation'), ['answer', 'strict']) === 'strict',
    logLevel: oneOf('logLevel', text('logLevel'), LOG_LEVELS),
  }
}

function integer(name: keyof typeof SETTINGS, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw invalid(name, `a whole number from ${min} to ${max}`)
}

/** A URL of one of the protocols. The text itself stays out of the error, for it may hold a password. */
function urlOf(name: keyof typeof SETTINGS, text: string, protocols: readonly string[]): string | undefined {
  if (text === '') return undefined
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text
  throw invalid(name, `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`)
}

/** Another database than that of the records, or none: then a file of this server. */
function subjectKeysUrl(text: string, records: string): string | undefined {
  if (text === '' || text === 'file') return undefined
  if (text !== records) return urlOf('subjectKeys', text, ['postgres:', 'postgresql:'])
  throw invalid('subjectKeys', 'the URL of another PostgreSQL database than the records, or the word file')
}

function cidrs(text: string): readonly string[] {
  const ranges = text
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '')
  if (ranges.every((range) => ipaddr.isValidCIDR(range))) return ranges
  throw invalid('trustedProxies', 'CIDR ranges separated by commas, such as 10.0.0.0/8')
}

function oneOf<Word extends string>(name: keyof typeof SETTINGS, text: string, words: readonly Word[]): Word {
  const word = words.find((each) => each === text)
  if (word) return word
  throw invalid(name, `one of ${words.join(', ')}`)
}

function invalid(name: keyof typeof SETTINGS, expected: string): TrailError {
  const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return new TrailError('config_invalid', `The setting ${option} (or ${SETTINGS[name].variable}) must be ${expected}.`, {
    input: name,
  })
}

import { malformed, textOf, utf8 } from './bytes.ts'

/** What an entry of the log may hold. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue }

/** The profile: how large and how deep, and whether numbers may have a fraction. */
export interface CanonicalProfile {
  readonly bytesMax: number
  /** Objects and arrays within each other; the outermost counts as 1. */
  readonly depthMax: number
  readonly floats: boolean
}

/** Entries of the log: integers only, at most 4 deep and 4 KiB. */
export const ENTRY_PROFILE: CanonicalProfile = { bytesMax: 4096, depthMax: 4, floats: false }
/** Everything RFC 8785 can write, within a bound. */
export const WIDE_PROFILE: CanonicalProfile = { bytesMax: 64 * 1024 * 1024, depthMax: 64, floats: true }

/** Writes canonical JSON (RFC 8785). A value outside the profile is refused. */
export function canonical(value: unknown, profile: CanonicalProfile = ENTRY_PROFILE): string {
  const text = write(value, profile, 0)
  if (text.length > profile.bytesMax || utf8(text).length > profile.bytesMax)
    throw malformed('entry', `at most ${String(profile.bytesMax)} bytes`)
  return text
}

/** Canonical JSON as bytes. */
export function canonicalBytes(value: unknown, profile: CanonicalProfile = ENTRY_PROFILE): Uint8Array {
  return utf8(canonical(value, profile))
}

/**
 * Reads bytes and refuses all that are not the canonical form of what they say: another order, spacing or spelling, a name that
 * stands twice, a fraction. The caller hashes the bytes it was given, never what is written anew.
 */
export function checkCanonical(bytes: Uint8Array, profile: CanonicalProfile = ENTRY_PROFILE): CanonicalValue {
  if (bytes.length > profile.bytesMax) throw malformed('entry', `at most ${String(profile.bytesMax)} bytes`)
  const text = textOf(bytes, 'entry')
  const value = parse(text)
  if (canonical(value, profile) !== text) throw malformed('entry', 'the canonical form of RFC 8785, each name once')
  return value
}

/** What JSON.parse gives has no other types than these. */
function parse(text: string): CanonicalValue {
  try {
    return JSON.parse(text) as CanonicalValue
  } catch (cause) {
    throw malformed('entry', 'JSON', cause)
  }
}

function write(value: unknown, profile: CanonicalProfile, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') return writeNumber(value, profile)
  if (typeof value !== 'object') throw malformed('entry', `no ${typeof value}`)
  if (depth >= profile.depthMax) throw malformed('entry', `at most ${String(profile.depthMax)} levels`)
  if (Array.isArray(value)) return `[${value.map((item: unknown) => write(item, profile, depth + 1)).join(',')}]`
  return writeObject(value, profile, depth + 1)
}

/** Names in the order of their UTF-16 code units, which is the order of `sort` (RFC 8785 §3.2.3). */
function writeObject(value: object, profile: CanonicalProfile, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw malformed('entry', 'plain objects')
  const members = new Map(Object.entries(value))
  const written = [...members.keys()].sort().map((name) => `${writeString(name)}:${write(members.get(name), profile, depth)}`)
  return `{${written.join(',')}}`
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw malformed('entry', 'well-formed Unicode')
  return JSON.stringify(text)
}

function writeNumber(value: number, profile: CanonicalProfile): string {
  const fits = profile.floats ? Number.isFinite(value) : Number.isSafeInteger(value)
  if (!fits) throw malformed('entry', profile.floats ? 'finite numbers' : 'integers up to 2^53 - 1')
  return JSON.stringify(value)
}

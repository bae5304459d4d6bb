import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { NewToken } from '../records/records.ts'
import { FOREIGN_SCHEMES, type ForeignScheme } from './digests.ts'
import { checkIssue, invalid, textOf, timeOf, type IssueInput } from './issue-input.ts'

/** A token of another system, taken over by its hash. It validates unchanged afterwards. */
export interface ImportInput extends Omit<IssueInput, 'ttlSeconds' | 'codeDigits' | 'role' | 'simulated' | 'attemptsMax'> {
  /** Its id there: public, and unique in the tenant. */
  readonly id: string
  readonly scheme: ForeignScheme
  /** What the whole text hashes to: 64 hex digits, or base64 (also url-safe) of 32 bytes. */
  readonly hash: string
  /** When it was issued there; unknown when not given. */
  readonly issuedAt?: Milliseconds
}

/** Checks one token of an import; an error points to it by its place in the list. */
export function checkImport(input: ImportInput, tenantNo: number, now: Milliseconds, place: number): NewToken {
  try {
    return check(input, tenantNo, now)
  } catch (error) {
    throw error instanceof TrailError ? at(error, place) : error
  }
}

function check(input: ImportInput, tenantNo: number, now: Milliseconds): NewToken {
  const issuedAt = timeOf('issuedAt', input.issuedAt)
  if (issuedAt !== null && issuedAt > now) throw invalid('issuedAt', 'expected a time in the past', 'time_invalid')
  if ((input.kind ?? 'access') !== 'access') throw invalid('kind', 'expected access: single-use tokens cannot be taken over')
  return {
    ...checkIssue(input, now),
    tenantNo,
    id: idOf(input.id),
    prefix: '',
    scheme: input.scheme,
    digest: digestOf(input.scheme, input.hash),
    issuedAt: issuedAt ?? now,
    issuedAtKnown: issuedAt !== null,
    knownSince: now,
  }
}

/** An id of exactly our own shape could be taken for a token that Tokentrail issued. */
function idOf(value: unknown): string {
  const id = textOf('id', value, 200)
  if (/^[0-9A-Za-z]{16}$/.test(id))
    throw invalid(
      'id',
      'expected an id that is not 16 letters and digits, which is the form of ours; add a prefix such as legacy:',
    )
  return id
}

function digestOf(scheme: ForeignScheme, hash: string): Uint8Array {
  if (!FOREIGN_SCHEMES.includes(scheme)) throw invalid('scheme', `expected one of ${FOREIGN_SCHEMES.join(', ')}`, 'hash_invalid')
  const isHex = /^[0-9a-f]{64}$/i.test(hash) && scheme !== 'sha256:base64'
  const isBase64 = /^[0-9A-Za-z+/_-]{43}=?$/.test(hash) && scheme !== 'sha256:hex'
  if (!isHex && !isBase64)
    throw invalid(
      'hash',
      `expected the 32 bytes of ${scheme} in ${scheme === 'sha256:base64' ? 'base64' : 'hex'}`,
      'hash_invalid',
    )
  return new Uint8Array(Buffer.from(hash, isHex ? 'hex' : 'base64'))
}

function at(error: TrailError, place: number): TrailError {
  return new TrailError(error.code, `Token ${place + 1}: ${error.message}`, {
    input: `/tokens/${place}${error.input ?? ''}`,
    cause: error,
  })
}

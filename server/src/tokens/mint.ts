import { randomBytes } from 'node:crypto'
import { formatToken, newTokenCode, newTokenId, newTokenSecret } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { NewToken } from '../records/records.ts'
import { CODE_SALT_BYTES, createCodeHash } from './code-hash.ts'
import { bytesOf, type Digests } from './digests.ts'

/** A new text, and what is stored of it. */
export interface Minted {
  readonly text: string
  /** The digits alone, of a short code. */
  readonly code?: string
  readonly stored: Required<Pick<NewToken, 'id' | 'prefix' | 'scheme' | 'digest' | 'salt'>>
}

/** Makes texts under a prefix: with a secret, or with a code of so many digits. */
export function createMint(digests: Digests): (prefix: string, codeDigits: number | null) => Promise<Minted> {
  const codes = createCodeHash()

  async function mintCode(prefix: string, id: string, digits: number): Promise<Minted> {
    const [code, salt] = [newTokenCode(digits), randomBytes(CODE_SALT_BYTES)]
    const digest = await codes.digest(code, salt)
    if (!digest) throw new TrailError('overloaded', 'Too many codes are made at once; try again.', { retryAfterSeconds: 1 })
    return { text: `${prefix}_${id}_${code}`, code, stored: { id, prefix, scheme: 'scrypt', digest, salt } }
  }

  return async (prefix, codeDigits) => {
    const id = newTokenId()
    if (codeDigits !== null) return mintCode(prefix, id, codeDigits)
    const secret = newTokenSecret()
    const digest = digests.of(digests.scheme, secret)
    if (digest === undefined) throw new TrailError('internal', 'The newest pepper is not at hand.')
    return {
      text: formatToken(prefix, id, secret),
      stored: { id, prefix, scheme: digests.scheme, digest: bytesOf(digest), salt: null },
    }
  }
}

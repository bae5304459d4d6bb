import { scrypt, timingSafeEqual } from 'node:crypto'

/** Cost of stretching a short code: about 30 ms and 16 MiB. Its few digits resist nothing else; attempts are limited as well. */
const COST = { N: 16_384, r: 8, p: 1 } as const
export const CODE_SALT_BYTES = 16
const CODE_DIGEST_BYTES = 32

/** Stretches short codes off the main thread, a few at once; what waits is bounded. */
export interface CodeHash {
  /** The digest of a code; `undefined` when too many wait. */
  digest(code: string, salt: Uint8Array): Promise<Uint8Array | undefined>
}

/** At most `runningMax` run at once, so that sign-ins do not take the thread pool from everything else. */
export function createCodeHash({ runningMax = 2, waitingMax = 256 } = {}): CodeHash {
  let running = 0
  const waiting: (() => void)[] = []

  async function enter(): Promise<boolean> {
    if (running < runningMax) {
      running++
      return true
    }
    if (waiting.length >= waitingMax) return false
    await new Promise<void>((resolve) => waiting.push(resolve))
    return true
  }

  /** Hands the place to the next in line. */
  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else running--
  }

  return {
    async digest(code, salt) {
      if (!(await enter())) return undefined
      try {
        return await stretch(code, salt)
      } finally {
        leave()
      }
    },
  }
}

/** Compares two stretched digests in constant time. */
export function isSameCode(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function stretch(code: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(code, salt, CODE_DIGEST_BYTES, COST, (error, digest) => (error ? reject(error) : resolve(digest)))
  })
}

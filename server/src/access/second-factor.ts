import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { KeyEncryption } from '../privacy/wrap.ts'
import type { Records } from '../records/records.ts'
import type { Principal } from './principal.ts'
import { base32, otpauthUri, stepOfCode } from './totp.ts'

/** The second factor of people: codes of an authenticator app. The secret is sealed at rest and shown once. */
export interface SecondFactors {
  isActive(ownerNo: number): Promise<boolean>
  /** Makes a secret; it counts from the first code that is proven. */
  start(principal: Principal): Promise<{ readonly secret: string; readonly uri: string }>
  /** Takes a code, once; throws `factor_wrong`, `factor_missing`, or `rate_limited` after five failures. */
  prove(principal: Principal, code: string): Promise<void>
  remove(principal: Pick<Principal, 'tenantNo' | 'actor'>, ownerNo: number): Promise<boolean>
}

const SECRET_BYTES = 32

export function createSecondFactors({
  records,
  kek,
  clock,
}: {
  records: Records
  kek: KeyEncryption
  clock: Clock
}): SecondFactors {
  return {
    isActive: async (ownerNo) => (await records.read.secondFactor(ownerNo))?.active ?? false,
    async start({ tenantNo, ownerNo, ownerId }) {
      const secret = randomBytes(SECRET_BYTES)
      await records.act('startFactor', { tenantNo, ownerNo, secret: kek.wrap(secret, purposeOf(ownerNo)), at: clock.now() })
      return { secret: base32(secret), uri: otpauthUri(secret, ownerId) }
    },
    async prove({ tenantNo, ownerNo, actor }, code) {
      const factor = await records.read.secondFactor(ownerNo)
      if (!factor) throw new TrailError('factor_missing', 'There is no second factor. Set one up: POST /v1/second-factor.')
      const at = clock.now()
      const step = stepOfCode(kek.unwrap(factor.secret, purposeOf(ownerNo)), code, at)
      const proof = await records.act('proveFactor', { tenantNo, ownerNo, step, at, actor })
      if (proof.proven) return
      if (proof.waitMs > 0) throw tooMany(proof.waitMs)
      throw new TrailError('factor_wrong', `The code is not right, too old, or was used. ${proof.triesLeft} tries are left.`, {
        input: 'code',
      })
    },
    remove: ({ tenantNo, actor }, ownerNo) => records.act('removeFactor', { tenantNo, ownerNo, at: clock.now(), actor }),
  }
}

/** Wraps under the newest key what is still under an older one; gives how many. */
export async function rewrapFactors(records: Records, kek: KeyEncryption): Promise<number> {
  const factors: { ownerNo: number; from: Uint8Array; to: Uint8Array }[] = []
  for (const tenant of await records.read.tenants()) {
    for (const { ownerNo, secret: from } of await records.read.secondFactors(tenant.no)) {
      const purpose = purposeOf(ownerNo)
      if (!kek.isNewest(from)) factors.push({ ownerNo, from, to: kek.wrap(kek.unwrap(from, purpose), purpose) })
    }
  }
  return factors.length === 0 ? 0 : records.act('rewrapFactors', { factors })
}

function purposeOf(ownerNo: number): string {
  return `second_factor|${ownerNo}`
}

function tooMany(waitMs: number): TrailError {
  return new TrailError('rate_limited', 'Five codes were wrong. Wait as long as Retry-After says.', {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  })
}

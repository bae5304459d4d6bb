import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import { HEAVY_ROLES } from '../records/role-rules.ts'
import type { Identity } from './access.ts'
import type { Caller } from './caller.ts'
import { FRESH_PERMISSIONS, type Permission } from './permissions.ts'
import type { SecondFactors } from './second-factor.ts'

/** Asks for the second factor where the role or the action needs it. */
export interface FactorGuard {
  require(identity: Identity, permission: Permission, code: string | undefined, caller: Caller): Promise<void>
  /** A code was proven with this token from this address. */
  noteProof(identity: Identity, caller: Caller): void
}

const FRESH_MS = 5 * 60_000
const PROOFS_MAX = 10_000

/**
 * Heavy roles have a second factor once separation is enforced, and who has one proves it: in a session once, and again within five
 * minutes before what is marked fresh. Without a session the proof of a code counts five minutes for that token from that address,
 * at this node.
 */
export function createFactorGuard({ factors, clock }: { factors: SecondFactors; clock: Clock }): FactorGuard {
  const proofs = new Map<string, Milliseconds>()

  function noteProof(identity: Identity, caller: Caller): void {
    const key = keyOf(identity, caller)
    proofs.delete(key)
    proofs.set(key, clock.now())
    if (proofs.size > PROOFS_MAX) proofs.delete(proofs.keys().next().value ?? key)
  }

  function provenAt(identity: Identity, caller: Caller): Milliseconds | null {
    if (identity.session) return identity.session.provenAt
    const at = proofs.get(keyOf(identity, caller))
    return at !== undefined && clock.now() - at < FRESH_MS ? at : null
  }

  return {
    async require(identity, permission, code, caller) {
      const { principal } = identity
      const needed = !principal.waived && principal.grants.some(({ role }) => HEAVY_ROLES.has(role))
      const fresh = FRESH_PERMISSIONS.has(permission)
      if (permission === 'session:own' || (!needed && !fresh)) return
      if (!(await factors.isActive(principal.ownerNo))) {
        if (needed) throw missing('This role needs a second factor. Set one up: POST /v1/second-factor.')
        return
      }
      if (code !== undefined) {
        await factors.prove(principal, code)
        if (!identity.session) noteProof(identity, caller)
        return
      }
      const proven = provenAt(identity, caller)
      if (proven === null || (fresh && clock.now() - proven >= FRESH_MS)) throw missing(HOW)
    },
    noteProof,
  }
}

const HOW = 'Prove the second factor first: POST /v1/second-factor/prove, or the header x-tokentrail-code with a code.'

function missing(message: string): TrailError {
  return new TrailError('factor_missing', message, { input: 'x-tokentrail-code' })
}

function keyOf({ principal }: Identity, { ip }: Caller): string {
  return `${principal.tokenNo} ${ip}`
}

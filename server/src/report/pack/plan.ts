import { createHash } from 'node:crypto'
import { canonical, WIDE_PROFILE } from 'tokentrail/log'
import type { Window } from '../../query/answer.ts'
import type { PackRecord } from '../../records/evidence.ts'
import type { Tenant } from '../../records/records.ts'
import type { Framework } from '../controls.ts'
import type { EvidenceLevel } from '../evidence/level.ts'
import type { EvidenceParams, GivenParams } from '../evidence/params.ts'
import { EVIDENCE, type EvidenceName } from '../evidence/questions.ts'
import { PACKS, type PackAddition, type PackKind } from '../packs.ts'

/** Everything that decides what a pack holds; the same plan over the same data gives the same bytes. */
export interface PackPlan {
  /** Derived from what is asked, so that the same report has the same id. */
  readonly reportId: string
  readonly name: string
  readonly title: string
  readonly says: string
  readonly tenant: Tenant
  readonly window: Window
  readonly level: EvidenceLevel
  readonly recipient: string
  readonly madeAt: number
  readonly expiresAt: number
  readonly params: Readonly<Partial<EvidenceParams>>
  readonly questions: readonly { readonly name: EvidenceName; readonly params: GivenParams }[]
  readonly framework: Framework | null
  readonly adds: readonly PackAddition[]
}

/** The plan of a pack that was asked for. */
export function planOf(pack: PackRecord, tenant: Tenant, madeAt: number): PackPlan {
  const kind: PackKind | undefined = PACKS[pack.name]
  if (kind === undefined) throw new TypeError(`${pack.name} is no pack.`)
  const params = JSON.parse(pack.params) as Partial<EvidenceParams>
  const window = { from: pack.from, to: pack.to }
  return {
    reportId: reportIdOf(pack, tenant),
    name: pack.name,
    title: kind.title,
    says: kind.says,
    tenant,
    window,
    level: pack.level,
    recipient: pack.recipient,
    madeAt,
    expiresAt: pack.expiresAt,
    params,
    questions: kind.questions.map((name) => ({ name, params: { ...window, ...taken(name, params) } })),
    framework: kind.framework ?? null,
    adds: kind.adds ?? [],
  }
}

/** Those parameters that a question takes. */
function taken(name: EvidenceName, params: Partial<EvidenceParams>): Partial<EvidenceParams> {
  return Object.fromEntries(Object.entries(params).filter(([param]) => Object.hasOwn(EVIDENCE[name].params, param)))
}

function reportIdOf({ name, params, level, recipient, from, to }: PackRecord, tenant: Tenant): string {
  const asked = canonical({ name, params, level, recipient, from, to, tenant: tenant.id }, WIDE_PROFILE)
  return `rep_${createHash('sha256').update(asked).digest('hex').slice(0, 24)}`
}

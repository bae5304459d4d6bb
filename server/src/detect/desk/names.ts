import type { RecordReads, TokenRecord } from '../../records/records.ts'
import { tokensOf } from '../../query/token-ref.ts'
import type { Found } from '../finding.ts'
import type { Names } from './facts.ts'

/** The names that findings need, with the tokens behind them. */
export interface FoundNames extends Names {
  readonly tokens: ReadonlyMap<number, TokenRecord>
}

/** Looks up every token and owner that findings name; of this tenant only. */
export async function namesOf(read: RecordReads, tenantNo: number, found: readonly Found[]): Promise<FoundNames> {
  const [tokens, owners] = await Promise.all([
    tokensOf(read, tenantNo, numbersIn(found, 'token')),
    read.ownersByNo([...new Set(numbersIn(found, 'owner'))]),
  ])
  const ownerIds = new Map(owners.filter((owner) => owner.tenantNo === tenantNo).map(({ no, id }) => [no, id]))
  return { tokens, token: (no) => tokens.get(no), owner: (no) => ownerIds.get(no) }
}

function numbersIn(found: readonly Found[], kind: 'token' | 'owner'): number[] {
  return found
    .flatMap(({ subject, touches, facts }) => [
      ...[subject, ...touches].filter((each) => each.kind === kind).map(({ key }) => Number(key)),
      ...Object.values(facts).flatMap((fact) => (fact.as === kind ? [fact.value] : [])),
    ])
    .filter((no) => Number.isSafeInteger(no) && no > 0)
}

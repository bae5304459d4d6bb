import type { Owner, TokenRecord } from '../../records/records.ts'

/** A person or service as a number that says nothing; the name stands beside it, in a column that is identified. */
export function ownerRef(no: number): string | null {
  return no === 0 ? null : `o${no}`
}

/** How an owner stands in a row. */
export function ownerOf(
  no: number,
  owners: ReadonlyMap<number, Owner>,
): { readonly owner: string | null; readonly ownerId: string | null } {
  return { owner: ownerRef(no), ownerId: owners.get(no)?.id ?? null }
}

/** How a token's owner stands in a row. */
export function ownerOfToken(token: TokenRecord): { readonly owner: string; readonly ownerId: string } {
  return { owner: `o${token.ownerNo}`, ownerId: token.ownerId }
}

/** The public id of a token; a stand-in where its tombstone is gone, nothing where there was none. */
export function tokenRef(no: number, tokens: ReadonlyMap<number, TokenRecord>): string | null {
  return no === 0 ? null : (tokens.get(no)?.id ?? `purged-${no}`)
}

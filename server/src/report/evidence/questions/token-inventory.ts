import { stateOf } from '../../../records/token-state.ts'
import type { TokenRecord } from '../../../records/records.ts'
import { lastUsesOf } from '../last-uses.ts'
import { endOf, livedIn, sinceOf } from '../lived.ts'
import { ownerOfToken } from '../names.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface InventoryRow {
  readonly token: string
  readonly kind: string
  readonly state: string
  readonly living: boolean
  readonly owner: string
  readonly ownerId: string
  readonly ownerDisabled: boolean
  readonly issuedAt: number
  readonly issuedAtKnown: boolean
  readonly ageDays: number
  readonly expiresAt: MaybeTime
  readonly bound: boolean
  readonly scopes: string
  readonly scheme: string
  readonly entropyKnown: boolean
  readonly lastUsedAt: MaybeTime
}

const DAY_MS = 86_400_000

/** Imported digests: nobody here knows how the secret behind them was made. */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(['sha256:hex', 'sha256:base64', 'sha512-256', 'observed'])

/** Every token that lived in the window. */
export const tokenInventory: EvidenceQuestion<InventoryRow> = {
  id: 'Q1',
  answers: 'Which tokens are there: state, owner, age, scopes, last use, how the secret is stored',
  from: ['R', 'S'],
  params: {},
  columns: {
    token: C.ref('public id'),
    kind: C.word('kind of token'),
    state: C.word('state as the records stand now'),
    living: C.flag('could be used now'),
    owner: C.ref('whose token, as a number'),
    ownerId: C.person('whose token'),
    ownerDisabled: C.flag('its owner is switched off'),
    issuedAt: C.time('when it was issued'),
    issuedAtKnown: C.flag('the time of issue is known; else since when it is known here'),
    ageDays: C.days('whole days since then'),
    expiresAt: C.time('when it expires by itself'),
    bound: C.flag('bound to addresses, origins or methods'),
    scopes: C.ref('scopes that it has'),
    scheme: C.word('how its secret is stored'),
    entropyKnown: C.flag('the secret was drawn here, with 256 bits'),
    lastUsedAt: C.time('last accepted use'),
  },
  key: 'token',
  figures: [
    { name: 'tokens', says: 'tokens that lived in the window' },
    { name: 'living', says: 'of them could be used now', where: { living: true }, share: 'tokens' },
    { name: 'never-expire', says: 'living ones without an expiry', where: { living: true, expiresAt: null }, share: 'living' },
    {
      name: 'unbound',
      says: 'living ones bound to no address, origin or method',
      where: { living: true, bound: false },
      share: 'living',
    },
    {
      name: 'never-used',
      says: 'living ones without any accepted use',
      where: { living: true, lastUsedAt: null },
      share: 'living',
    },
    {
      name: 'owner-disabled',
      says: 'living ones whose owner is switched off',
      where: { living: true, ownerDisabled: true },
      share: 'living',
    },
    {
      name: 'entropy-unknown',
      says: 'living ones whose secret was not drawn here',
      where: { living: true, entropyKnown: false },
      share: 'living',
    },
    { name: 'oldest-days', says: 'age of the oldest living one, days', where: { living: true }, max: 'ageDays' },
  ],
  method: 'exact: the records as they stand now; the last use as far back as days of each token are kept (400)',
  cannotShow: 'accounts and credentials that other systems keep and never told of here',
  async *rows(_params, reader) {
    for await (const page of reader.tokenPages())
      yield* await rowsOf(
        page.filter((token) => livedIn(token, reader.seen, reader.now)),
        reader,
      )
  },
}

async function rowsOf(tokens: readonly TokenRecord[], reader: EvidenceReader): Promise<readonly InventoryRow[]> {
  const uses = await lastUsesOf(tokens, reader)
  return tokens.map((token) => ({
    token: token.id,
    kind: token.kind,
    state: stateOf(token, reader.now),
    living: endOf(token, reader.now) === null,
    ...ownerOfToken(token),
    ownerDisabled: token.ownerDisabled,
    issuedAt: sinceOf(token),
    issuedAtKnown: token.issuedAtKnown,
    ageDays: Math.floor(Math.max(0, reader.now - sinceOf(token)) / DAY_MS),
    expiresAt: token.expiresAt,
    bound: token.cidrs.length + token.origins.length + token.methods.length > 0,
    scopes: token.scopes.join(' '),
    scheme: token.scheme,
    entropyKnown: !FOREIGN_SCHEMES.has(token.scheme),
    lastUsedAt: uses.get(token.no) ?? null,
  }))
}

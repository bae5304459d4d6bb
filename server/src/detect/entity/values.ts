import { clear, linearCount, mark, ones } from './bits.ts'
import type { ValueTable } from './records.ts'
import { mix } from './table.ts'

/** Attributes of a use, or of what was granted, whose values are compared among tokens. */
export const ATTRIBUTES = { network: 1, asn: 2, country: 3, client: 4, scope: 5, grant: 6 } as const
export type Attribute = keyof typeof ATTRIBUTES

/** How common a value is in a group. */
export interface Common {
  /** Other tokens that used it within one to two months, about. */
  readonly tokens: number
  readonly pairs: number
  readonly distinct: number
}

/** Which tokens of an owner or tenant used which values. */
export interface Values {
  /** `group`: an owner's or a tenant's number, told apart by `isOwner`. */
  add(group: Group, attribute: Attribute, value: number, token: number, at: number): void
  ask(group: Group, attribute: Attribute, value: number, token: number, at: number): Common
  /** Forgets that any token of a group used a value. */
  forget(group: Group, attribute: Attribute, value: number): void
}

export interface Group {
  readonly tenant: number
  /** 0 = the whole tenant. */
  readonly owner: number
}

const MONTH_MS = 30 * 86_400_000
const WORDS = 2
const PAIRS_MAX = 65_536

export function createValues(table: ValueTable): Values {
  const { fields } = table

  function headOf({ tenant, owner }: Group, attribute: Attribute): number {
    return mix(mix(tenant, owner), ATTRIBUTES[attribute])
  }

  function age(row: number, month: number): void {
    const old = fields.month.get(row)
    if (old >= month) return
    for (let i = 0; i < WORDS; i++) fields.before.set(row, old === month - 1 ? fields.now.get(row, i) : 0, i)
    clear(fields.now, row, WORDS)
    fields.month.set(row, month)
  }

  function add(group: Group, attribute: Attribute, value: number, token: number, at: number): void {
    const second = Math.floor(at / 1000)
    const head = headOf(group, attribute)
    const row = table.touch(head, value, second)
    const isNewValue = table.wasNew()
    age(row, Math.floor(at / MONTH_MS))
    const isNewPair = mark(fields.now, row, WORDS, token)
    if (!isNewValue && !isNewPair) return
    const groupRow = table.touch(head, 0, second)
    if (fields.month.get(groupRow) < fields.month.get(row)) halve(groupRow)
    fields.month.set(groupRow, fields.month.get(row))
    fields.pairs.set(groupRow, fields.pairs.get(groupRow) + (isNewPair ? 1 : 0))
    fields.distinct.set(groupRow, fields.distinct.get(groupRow) + (isNewValue ? 1 : 0))
    if (fields.pairs.get(groupRow) >= PAIRS_MAX) halve(groupRow)
  }

  function halve(row: number): void {
    fields.pairs.set(row, fields.pairs.get(row) >>> 1)
    fields.distinct.set(row, (fields.distinct.get(row) + 1) >>> 1)
  }

  function ask(group: Group, attribute: Attribute, value: number, token: number, at: number): Common {
    const head = headOf(group, attribute)
    const groupRow = table.find(head, 0)
    const row = table.find(head, value)
    return {
      tokens: row < 0 ? 0 : others(row, token, Math.floor(at / MONTH_MS)),
      pairs: groupRow < 0 ? 0 : fields.pairs.get(groupRow),
      distinct: groupRow < 0 ? 0 : fields.distinct.get(groupRow),
    }
  }

  /** Distinct tokens in the bitmaps, without this one. */
  function others(row: number, token: number, month: number): number {
    const isOld = month - fields.month.get(row)
    if (isOld > 1) return 0
    const bit = mix(token, 0x51ed270b) % (WORDS * 32)
    let set = 0
    for (let i = 0; i < WORDS; i++) {
      const own = bit >>> 5 === i ? (1 << (bit & 31)) >>> 0 : 0
      const word = isOld === 1 ? fields.now.get(row, i) : fields.now.get(row, i) | fields.before.get(row, i)
      set += ones(word & ~own)
    }
    return linearCount(set, WORDS * 32)
  }

  function forget(group: Group, attribute: Attribute, value: number): void {
    const row = table.find(headOf(group, attribute), value)
    if (row >= 0) table.blank(row)
  }

  return { add, ask, forget }
}

import { FLAGS } from 'tokentrail'
import { bloomHas, hashText } from './bits.ts'
import type { FillableMoment } from './moment.ts'
import { isUsualAmongPeers, surprise } from './rarity.ts'
import type { Field } from './table.ts'
import { mix } from './table.ts'
import type { Attribute } from './values.ts'

export const DAY_SECONDS = 86_400
const WANDERS = { networks: 3, share: 0.1 } as const
const LEARNS = { secondsMin: 7 * DAY_SECONDS, secondsMax: 21 * DAY_SECONDS, uses: 30 } as const

/** A network as one number, never 0. */
export function networkHash(high: number, low: number): number {
  return mix(high, low) || 1
}

/** Where a value stands in a small set, −1 = not in it. */
export function slotOf(field: Field, row: number, count: number, value: number): number {
  for (let i = 0; i < count; i++) if (field.get(row, i) === value) return i
  return -1
}

/** Says how far an accepted use leaves the habits of its token; costs little where nothing is new. */
export function judgeOddity(moment: FillableMoment): void {
  const { event, memory, token: row, odd } = moment
  const { tokens } = memory
  const t = tokens.fields
  const hasUses = row >= 0 && t.uses.get(row) > 0
  odd.isLearned = hasUses && isLearned(moment, row)
  odd.isNewNetwork = hasUses && moment.source >= 0 && !knowsNetwork(moment, row)
  const country = event.country === '' ? 0 : memory.names.numberOf(event.country)
  odd.isNewCountry = hasUses && country !== 0 && t.countriesEver.get(row) > 0 && slotOf(t.countries, row, 4, country) < 0
  odd.isNewClient = hasUses && moment.client !== 0 && t.clientsEver.get(row) > 0 && slotOf(t.clients, row, 4, moment.client) < 0
  odd.isNewScope =
    hasUses && event.scope !== '' && t.scopesEver.get(row) > 0 && !bloomHas(t.scopes, row, 2, hashText(event.scope))
  odd.place = odd.isLearned && (odd.isNewNetwork || odd.isNewCountry) ? placeBits(moment, row, country) : 0
  odd.clientBits = odd.isLearned && odd.isNewClient ? bits(moment, 'client', hashText(event.client), t.clientsEver.get(row)) : 0
  odd.scopeBits = odd.isLearned && odd.isNewScope ? bits(moment, 'scope', hashText(event.scope), t.scopesEver.get(row)) : 0
}

function isLearned({ memory, second }: FillableMoment, row: number): boolean {
  const { firstSeen, uses } = memory.tokens.fields
  const age = second - firstSeen.get(row)
  return age >= LEARNS.secondsMax || (age >= LEARNS.secondsMin && uses.get(row) >= LEARNS.uses)
}

/** Does the token's record hold the network of this moment? */
export function knowsNetwork(
  { memory, networkHigh, networkLow }: Pick<FillableMoment, 'memory' | 'networkHigh' | 'networkLow'>,
  row: number,
): boolean {
  return slotOf(memory.tokens.fields.networks, row, 6, networkHash(networkHigh, networkLow)) >= 0
}

/** A token whose steps lead to a new network so often wanders by nature; `without` networks are left out of its habit. */
export function wanders({ memory, token: row }: Pick<FillableMoment, 'memory' | 'token'>, without = 0): boolean {
  const t = memory.tokens.fields
  const networks = t.networksEver.get(row) - without
  return networks >= WANDERS.networks && networks > WANDERS.share * t.steps.get(row)
}

/** Do other tokens of the owner, or of the tenant, use the network of this moment? */
export function isUsualPlace({ event, memory, at, networkHigh, networkLow }: Omit<FillableMoment, 'odd'>): boolean {
  const value = networkHash(networkHigh, networkLow)
  const ask = (owner: number) => memory.peers.ask({ tenant: event.tenant, owner }, 'network', value, event.tokenNo >>> 0, at)
  return isUsualAmongPeers(ask(event.ownerNo), ask(0))
}

/** Network, system and country are nested: they count once, by the largest. An address in a cloud says nothing by its system. */
function placeBits(moment: FillableMoment, row: number, country: number): number {
  const { event, odd, memory } = moment
  const t = memory.tokens.fields
  const isHosted = (event.flags & FLAGS.hostingNetwork) !== 0
  const knowsSystem = !isHosted && event.asn !== 0 && slotOf(t.asns, row, 3, event.asn) >= 0
  const near = odd.isNewNetwork
    ? bits(moment, 'network', networkHash(moment.networkHigh, moment.networkLow), t.networksEver.get(row))
    : 0
  const far = odd.isNewCountry ? bits(moment, 'country', country, t.countriesEver.get(row)) : 0
  return Math.max(knowsSystem ? near / 2 : near, far)
}

function bits({ event, memory, token, at }: FillableMoment, attribute: Attribute, value: number, distinct: number): number {
  const owner = memory.peers.ask({ tenant: event.tenant, owner: event.ownerNo }, attribute, value, event.tokenNo >>> 0, at)
  const tenant = memory.peers.ask({ tenant: event.tenant, owner: 0 }, attribute, value, event.tokenNo >>> 0, at)
  return isUsualAmongPeers(owner, tenant) ? 0 : surprise(memory.tokens.fields.steps.get(token), distinct, owner, tenant)
}

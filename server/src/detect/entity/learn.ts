import { FLAGS } from 'tokentrail'
import { bloomAdd, clear, hashText, mark, distinctIn } from './bits.ts'
import type { FillableMoment } from './moment.ts'
import { DAY_SECONDS, networkHash, slotOf } from './odd.ts'
import type { Field } from './table.ts'
import { isTurn, RUN_SECONDS, turnsWith } from './turns.ts'
import type { Attribute } from './values.ts'

const IDLE_DAYS_MAX = 60

/** Today's networks of an accepted token, counted before it is judged. */
export function countDay({ event, memory, token: row, source, second, networkHigh, networkLow }: FillableMoment): void {
  const t = memory.tokens.fields
  const day = Math.floor(second / DAY_SECONDS)
  if (source < 0 || day < t.day.get(row)) return
  if (day > t.day.get(row)) {
    t.networksMax.set(row, Math.max(t.networksMax.get(row), distinctIn(t.dayNetworks, row, 2)))
    t.day.set(row, day)
    clear(t.dayNetworks, row, 2)
    clear(t.dayAsns, row, 1)
  }
  mark(t.dayNetworks, row, 2, networkHash(networkHigh, networkLow))
  if (event.asn !== 0) mark(t.dayAsns, row, 1, event.asn)
}

/** What an accepted use teaches the record of its token, after it was judged. */
export function learnUse(moment: FillableMoment): void {
  const { event, memory, token: row, second, at } = moment
  const t = memory.tokens.fields
  const isNewest = at >= t.usedAt.get(row)
  if (t.uses.get(row) === 0) begin(moment)
  else if (isNewest) learnGap(moment)
  if (isNewest) learnStep(moment)
  t.uses.set(row, t.uses.get(row) + event.count)
  learnNetwork(moment)
  learnNames(moment)
  if (event.scope !== '' && bloomAdd(t.scopes, row, 2, hashText(event.scope))) {
    t.scopesEver.set(row, t.scopesEver.get(row) + 1)
    share(moment, 'scope', hashText(event.scope))
  }
  if (event.route !== '') bloomAdd(t.routes, row, 2, hashText(event.route))
  if (!isNewest) return
  t.usedAt.set(row, at)
  t.lastWriter.set(row, event.writer)
  t.lastSeq.set(row, event.seq)
  if (second < t.firstSeen.get(row)) t.firstSeen.set(row, second)
}

function begin({ event, memory, token: row, second }: FillableMoment): void {
  const t = memory.tokens.fields
  t.firstSeen.set(row, second)
  t.tenant.set(row, event.tenant)
  t.owner.set(row, event.ownerNo)
}

/** Log-gaps teach mean and variance; after a very long one the token learns anew. */
function learnGap({ memory, token: row, at, second }: FillableMoment): void {
  const t = memory.tokens.fields
  const gap = at - t.usedAt.get(row)
  const days = gap / (DAY_SECONDS * 1000)
  const seen = t.gaps.get(row)
  const share = 1 / Math.min(seen + 1, 200)
  const delta = Math.log(Math.max(gap, 1)) - t.gapMean.get(row)
  t.gapMean.set(row, t.gapMean.get(row) + share * delta)
  t.gapVariance.set(row, (1 - share) * (t.gapVariance.get(row) + share * delta * delta))
  t.gaps.set(row, seen + 1)
  if (days > t.gapDaysMax.get(row)) t.gapDaysMax.set(row, Math.floor(days))
  if (days < IDLE_DAYS_MAX) return
  t.firstSeen.set(row, second)
  t.uses.set(row, 0)
  t.steps.set(row, 0)
}

/** Another hour or another network is a step; networks that take turns are remembered. */
function learnStep(moment: FillableMoment): void {
  const { memory, token: row, second, networkHigh, networkLow, at } = moment
  const t = memory.tokens.fields
  const isElsewhere = networkHigh !== t.lastNetwork.get(row) || networkLow !== t.lastNetwork.get(row, 1)
  const isOtherHour = Math.floor(at / 3_600_000) !== Math.floor(t.usedAt.get(row) / 3_600_000)
  if (isElsewhere || isOtherHour) t.steps.set(row, t.steps.get(row) + 1)
  if (!isElsewhere || moment.source < 0) return
  if (isTurn(moment)) learnTurn(moment)
  t.otherNetwork.set(row, t.lastNetwork.get(row))
  t.otherNetwork.set(row, t.lastNetwork.get(row, 1), 1)
  t.otherAt.set(row, Math.floor(t.usedAt.get(row) / 1000))
  t.lastNetwork.set(row, networkHigh)
  t.lastNetwork.set(row, networkLow, 1)
  if (second > 0 && t.turnsFrom.get(row) === 0) t.turnsFrom.set(row, second)
}

function learnTurn({ memory, token: row, second }: FillableMoment): void {
  const t = memory.tokens.fields
  const turns = turnsWith({ memory, token: row, second })
  if (second - t.turnsFrom.get(row) > RUN_SECONDS) t.turnsFrom.set(row, second)
  t.turns.set(row, turns)
  const day = Math.floor(second / DAY_SECONDS)
  if (turns < 3 || t.turnDay.get(row) === day) return
  t.turnDay.set(row, day)
  t.turnDays.set(row, t.turnDays.get(row) + 1)
}

function learnNetwork(moment: FillableMoment): void {
  const { memory, token: row, second, source, networkHigh, networkLow } = moment
  if (source < 0) return
  const t = memory.tokens.fields
  const value = networkHash(networkHigh, networkLow)
  const day = Math.floor(second / DAY_SECONDS)
  let slot = slotOf(t.networks, row, 6, value)
  if (slot < 0) {
    slot = freeSlot(t.networks, t.networkLast, row, 6)
    t.networks.set(row, value, slot)
    t.networkFirst.set(row, day, slot)
    t.networksEver.set(row, t.networksEver.get(row) + 1)
  } else if (day <= t.networkLast.get(row, slot)) return
  t.networkLast.set(row, day, slot)
  share(moment, 'network', value)
}

/** An empty place, else the one used longest ago. */
function freeSlot(values: Field, last: Field, row: number, count: number): number {
  let oldest = 0
  for (let i = 0; i < count; i++) {
    if (values.get(row, i) === 0) return i
    if (last.get(row, i) < last.get(row, oldest)) oldest = i
  }
  return oldest
}

function learnNames(moment: FillableMoment): void {
  const { event, memory, token: row, client } = moment
  const t = memory.tokens.fields
  const country = event.country === '' ? 0 : memory.names.numberOf(event.country)
  if (client !== 0 && remember(t.clients, t.clientsEver, row, 4, client)) share(moment, 'client', hashText(event.client))
  if (country !== 0 && remember(t.countries, t.countriesEver, row, 4, country)) share(moment, 'country', country)
  if (country !== 0) t.lastCountry.set(row, country)
  if (event.asn !== 0) remember(t.asns, t.asnsEver, row, 3, event.asn)
}

/** Puts a value first in a small set; true when it was not in it. The last one falls out. */
function remember(set: Field, ever: Field, row: number, count: number, value: number): boolean {
  if (set.get(row) === value) return false
  const slot = slotOf(set, row, count, value)
  for (let i = slot < 0 ? count - 1 : slot; i > 0; i--) set.set(row, set.get(row, i - 1), i)
  set.set(row, value)
  if (slot < 0) ever.set(row, ever.get(row) + 1)
  return slot < 0
}

function share({ event, memory, at }: FillableMoment, attribute: Attribute, value: number): void {
  const { tenant, ownerNo, tokenNo } = event
  if (ownerNo !== 0) memory.peers.add({ tenant, owner: ownerNo }, attribute, value, tokenNo >>> 0, at)
  memory.peers.add({ tenant, owner: 0 }, attribute, value, tokenNo >>> 0, at)
}

/** What other events teach the record of a token or single-use token. */
export function learnFact(moment: FillableMoment): void {
  const { event, memory, token: row, at, second, what } = moment
  if (row < 0) return
  const t = memory.tokens.fields
  if (what === 'rotated') t.rotatedAt.set(row, second)
  if (what === 'widened' || what === 'issued') t.scopesChangedAt.set(row, second)
  if (what === 'revoked') t.revokedAt.set(row, event.type === RESUMED ? 0 : at)
}
const RESUMED = 109

/** What is kept of a single-use token: when it was made, and who won it. */
export function learnSingle({ event, memory, token: row, at, what, networkHigh, networkLow, client }: FillableMoment): void {
  const s = memory.singles.fields
  if (what === 'issued') {
    s.issuedAt.set(row, at)
    s.owner.set(row, event.ownerNo)
  }
  if (what === 'sent') s.issuedAt.set(row, at)
  if (what !== 'won' || (event.flags & FLAGS.check) !== 0 || s.wonAt.get(row) !== 0) return
  s.wonAt.set(row, at)
  s.wonWriter.set(row, event.writer)
  s.wonSeq.set(row, event.seq)
  s.network.set(row, networkHigh)
  s.network.set(row, networkLow, 1)
  s.client.set(row, client)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reasonName, typeName } from 'tokentrail'
import type { Clock } from '../../src/clock.ts'
import { decodeFrame } from '../../src/event/frame.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import type { Privacy } from '../../src/privacy/privacy.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Actor, Records, Tenant } from '../../src/records/records.ts'
import type { Denials } from '../../src/tokens/denials.ts'
import type { Door, ValidationRequest, Verdict } from '../../src/tokens/door.ts'
import type { IssueInput } from '../../src/tokens/issue-input.ts'
import { createIssuer, type Issued, type Issuer } from '../../src/tokens/issuer.ts'
import type { DoorLimits } from '../../src/tokens/limits.ts'
import { createDoor } from '../../src/tokens/open-door.ts'
import { NO_PEPPERS, type Peppers } from '../../src/tokens/peppers.ts'

export const NOON = Date.UTC(2026, 10, 25, 12)
export const SYSTEM: Actor = { no: 0, kind: 'system' }
export const silentLog = { info() {}, warn() {}, error() {} }

export interface StillClock extends Clock {
  move(ms: number): void
}

/** A door with everything behind it real: records on SQLite, a journal, pseudonyms. Only time stands still. */
export interface Gate {
  readonly records: Records
  readonly journal: Journal
  readonly privacy: Privacy
  readonly issuer: Issuer
  readonly door: Door
  readonly clock: StillClock
  readonly own: Tenant
  readonly other: Tenant
  issue(input?: Partial<IssueInput>, tenant?: Tenant): Promise<Issued>
  validate(token: string, request?: Partial<ValidationRequest>): Promise<Verdict>
  /** Another door over the same records, as after a restart or in another process. */
  anotherDoor(o?: GateOptions): Door
  anotherIssuer(peppers: Peppers): Issuer
  /** Every row that became durable, critical ones among them, in the order of time. */
  rows(): Promise<readonly EventRow[]>
  /** Rows as `type reason`. */
  told(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface GateOptions {
  readonly records?: (records: Records) => Records
  readonly peppers?: Peppers
  readonly limits?: DoorLimits
  readonly cacheMax?: number
  readonly denials?: Pick<Denials, 'denies'>
  readonly strict?: boolean
}

export async function openGate(options: GateOptions = {}): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-door-'))
  const clock = stillClock()
  const log = silentLog
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const own = await records.act('addTenant', { name: 'Own', at: clock.now(), actor: SYSTEM })
  const other = await records.act('addTenant', { name: 'Other', at: clock.now(), actor: SYSTEM })
  const privacy = await openPrivacy({ records, kek: new Uint8Array(32).fill(7), clock, log })
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 1 << 27, log })
  const rows: EventRow[] = []
  journal.onJournalled(({ frame }) => void rows.push(...decodeFrame(frame)))
  const relay = startRelay({ records, journal, log })
  const doors: Door[] = []
  const anotherDoor = (o: GateOptions = {}): Door => {
    const { records: wrap = (same: Records) => same, peppers = NO_PEPPERS, ...rest } = { ...options, ...o }
    const door = createDoor({ records: wrap(records), journal, privacy, clock, peppers, log, ...rest })
    doors.push(door)
    return door
  }
  const anotherIssuer = (peppers: Peppers) => createIssuer({ records, journal, privacy, clock, peppers, log })
  const issuer = anotherIssuer(options.peppers ?? NO_PEPPERS)
  const door = anotherDoor()

  async function flushed(): Promise<readonly EventRow[]> {
    await relay.flush()
    await journal.flush()
    return rows
  }

  return {
    records,
    journal,
    privacy,
    issuer,
    door,
    clock,
    own,
    other,
    anotherDoor,
    anotherIssuer,
    rows: flushed,
    issue: (input = {}, tenant = own) =>
      issuer.issue({ tenantNo: tenant.no, actor: SYSTEM, input: { owner: 'service', ...input } }),
    validate: (token, request = {}) => door.validate({ tenantNo: own.no, token, ...request }),
    told: async () => (await flushed()).map(({ type, reason }) => `${typeName(type)} ${reasonName(reason) ?? reason}`),
    async close() {
      for (const each of doors) each.close()
      await relay.close()
      await journal.close()
      privacy.close()
      await records.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function stillClock(): StillClock {
  let now = NOON
  return { now: () => now, ticks: () => now * 1000, move: (ms) => void (now += ms) }
}

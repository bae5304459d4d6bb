import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Actor, Records } from '../records/records.ts'
import type { Found } from './finding.ts'

/** The last time that the product presented a canary of its own, and whether that would have alarmed. */
export interface CanaryTest {
  readonly at: Milliseconds
  /** The canary that was made for it; it has ended. */
  readonly tokenNo: number
  /** `running` until the finding came, or did not. */
  readonly state: 'running' | 'passed' | 'failed'
  /** From the presentation to the finding. */
  readonly tookMs: number | null
  readonly failure: string | null
}

/** Tries every month, in each tenant, whether a canary that is presented is found. */
export interface CanaryTests {
  /** Takes out what was found of a canary that was presented as a test: nobody is told of it, and no incident is opened. */
  hear(found: readonly Found[]): Promise<readonly Found[]>
  /** Tests the tenants whose month is over. */
  run(): Promise<void>
  close(): Promise<void>
}

export interface CanaryTestParts {
  readonly records: Pick<Records, 'read' | 'act'>
  readonly clock: Clock
  readonly log: Log
  /** One server of several tests: the one that detects. */
  readonly isLeading: () => boolean
  /** Makes a canary whose text nobody else ever had. */
  readonly make: (tenantNo: number) => Promise<{ readonly no: number; readonly id: string; readonly text: string }>
  /** Presents it as anybody would; gives what the door noted. */
  readonly present: (tenantNo: number, text: string) => Promise<string>
  readonly end: (tenantNo: number, id: string) => Promise<unknown>
  /** A test that failed is a finding as any other. */
  readonly onFailed: (found: Found) => Promise<void>
  readonly patienceMs?: number
}

export const CANARY_TEST_SETTING = 'canary_test'
const DAY_MS = 86_400_000
const EVERY_MS = 30 * DAY_MS
/** A test that a server left half done is done again after this. */
const STALE_MS = 600_000
const LOOK_MS = 3_600_000
const FIRST_MS = 1_800_000
/** Detection takes two seconds; a machine under load may take longer. */
const PATIENCE_MS = 120_000
const SCHEDULE: Actor = { no: 0, kind: 'schedule' }

/** Starts it: the first look is half an hour after the start, then once an hour. */
export function startCanaryTests(parts: CanaryTestParts): CanaryTests {
  const { records, clock, log } = parts
  const waiting = new Map<string, () => void>()
  const closing = new AbortController()
  let running: Promise<void> | undefined

  async function hear(found: readonly Found[]): Promise<readonly Found[]> {
    const tenants = new Set(found.filter(mayBeTest).map(({ tenant }) => tenant))
    const tests = new Map(
      await Promise.all([...tenants].map(async (no) => [no, await lastCanaryTest(records.read, no)] as const)),
    )
    return found.filter((each) => {
      const test = mayBeTest(each) ? tests.get(each.tenant) : null
      if (!test || !isAbout(each, test.tokenNo)) return true
      if (each.detector === 'canary') waiting.get(keyOf(each.tenant, test.tokenNo))?.()
      return false
    })
  }

  async function runDue(): Promise<void> {
    for (const { no, simulated } of await records.read.tenants()) {
      if (closing.signal.aborted || !parts.isLeading()) return
      if (!simulated && (await isDue(no))) await test(no)
    }
  }

  async function isDue(tenantNo: number): Promise<boolean> {
    const last = await lastCanaryTest(records.read, tenantNo)
    if (!last) return true
    return clock.now() - last.at >= (last.state === 'running' ? STALE_MS : EVERY_MS)
  }

  async function test(tenantNo: number): Promise<void> {
    const canary = await parts.make(tenantNo)
    const begun = { at: clock.now(), tokenNo: canary.no, state: 'running', tookMs: null, failure: null } as const
    // before it is presented, so that whichever server finds it knows what it is
    await keep(tenantNo, begun)
    const failure = await presented(tenantNo, canary)
    if (closing.signal.aborted) return
    await parts.end(tenantNo, canary.id)
    const tookMs = failure === null ? clock.now() - begun.at : null
    await keep(tenantNo, { ...begun, state: failure === null ? 'passed' : 'failed', tookMs, failure })
    if (failure === null) return
    log.error({ tenantNo, failure }, 'a canary that was presented as a test raised no alarm')
    await parts.onFailed(failedTest(tenantNo, begun.at, clock.now(), failure))
  }

  /** `null` when it was found. */
  async function presented(tenantNo: number, canary: { readonly no: number; readonly text: string }): Promise<string | null> {
    const key = keyOf(tenantNo, canary.no)
    const heard = new Promise<null>((resolve) => waiting.set(key, () => resolve(null)))
    const late = Promise.withResolvers<string>()
    const timer = setTimeout(() => late.resolve('detection found nothing'), parts.patienceMs ?? PATIENCE_MS)
    const stop = (): void => late.resolve('the server stopped')
    closing.signal.addEventListener('abort', stop, { once: true })
    try {
      const reason = await parts.present(tenantNo, canary.text)
      if (reason !== 'canary') return `the door noted ${reason}`
      return await Promise.race([heard, late.promise])
    } finally {
      clearTimeout(timer)
      closing.signal.removeEventListener('abort', stop)
      waiting.delete(key)
    }
  }

  async function keep(tenantNo: number, result: CanaryTest): Promise<void> {
    const value = JSON.stringify(result)
    await records.act('putSetting', { tenantNo, name: CANARY_TEST_SETTING, value, at: clock.now(), actor: SCHEDULE })
  }

  function run(): Promise<void> {
    running ??= runDue().finally(() => (running = undefined))
    return running
  }

  const look = (): void =>
    void run().catch((error: unknown) => log.warn({ err: error }, 'canaries could not be tested; it is tried again in an hour'))
  const first = setTimeout(look, FIRST_MS).unref()
  const timer = setInterval(look, LOOK_MS).unref()

  return {
    hear,
    run,
    async close() {
      closing.abort()
      clearTimeout(first)
      clearInterval(timer)
      await running?.catch(() => undefined)
    },
  }
}

/** The last test of a tenant; `null` before the first. */
export async function lastCanaryTest(read: Pick<Records['read'], 'setting'>, tenantNo: number): Promise<CanaryTest | null> {
  const value = await read.setting(tenantNo, CANARY_TEST_SETTING)
  return value === null ? null : (JSON.parse(value) as CanaryTest)
}

function keyOf(tenantNo: number, tokenNo: number): string {
  return `${tenantNo} ${tokenNo}`
}

function mayBeTest({ detector }: Found): boolean {
  return detector === 'canary' || detector.startsWith('rule:')
}

function isAbout({ subject, touches }: Found, tokenNo: number): boolean {
  return [subject, ...touches].some(({ kind, key }) => kind === 'token' && key === String(tokenNo))
}

function failedTest(tenant: number, from: Milliseconds, to: Milliseconds, failure: string): Found {
  return {
    tenant,
    detector: 'blind',
    severity: 'high',
    confidence: 'certain',
    subject: { kind: 'tenant', key: 'canary test' },
    from,
    to,
    detectedAt: to,
    measured: { observed: 1, expected: null, score: { value: 1, unit: 'exact' } },
    facts: {
      count: { as: 'number', value: 1 },
      since: { as: 'time', value: from },
      until: { as: 'time', value: to },
      reason: { as: 'text', value: `a canary presented as a test raised no alarm: ${failure}` },
    },
    features: ['the monthly test of canaries failed'],
    unless: ['It would not have fired if the canary that was presented as a test had been found.'],
    evidence: [],
    evidenceCount: 0,
    caveats: ['incomplete'],
    touches: [],
  }
}

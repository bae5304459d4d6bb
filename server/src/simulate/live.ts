import { formatToken, newTokenId, newTokenSecret, type Milliseconds } from 'tokentrail'
import { NOBODY, type Beat } from './beat.ts'
import { createRandom, type Random } from './random.ts'
import { DAY_MS } from './rhythm.ts'
import type { TokenPlan } from './story.ts'
import { createTraffic } from './traffic.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Door } from '../tokens/door.ts'
import type { DemoPlanted } from './plant.ts'

export interface LiveOptions {
  readonly door: Door
  readonly clock: Clock
  readonly log: Log
  readonly planted: DemoPlanted
  /** Validations per second at a usual hour. By default what the story's last hours have, so that both join without a step. */
  readonly perSecond?: number
}

export interface LiveTraffic {
  /** What happens in a piece of time, through the door; gives how many validations were made. */
  step(from: Milliseconds, to: Milliseconds): Promise<number>
  stop(): Promise<void>
}

const STEP_MS = 500
/** After a sleep of the machine only this much is made up for. */
const STEP_MS_MAX = 5_000

/** Goes on where the history ends: the same callers at the same rhythm, with real tokens through the real door. */
export function startLiveTraffic(options: LiveOptions): LiveTraffic {
  const { clock, log } = options
  const live = createLiveTraffic(options)
  let last = clock.now()
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false

  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    const now = clock.now()
    const from = Math.max(last, now - STEP_MS_MAX)
    last = now
    running = live
      .step(from, now)
      .catch((error: unknown) => log.warn({ err: error }, 'a piece of simulated traffic failed'))
      .finally(() => (isBusy = false))
  }, STEP_MS)
  timer.unref()

  return {
    step: live.step,
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

function createLiveTraffic({ door, planted, perSecond }: LiveOptions): Pick<LiveTraffic, 'step'> {
  const { story, tenantNo, texts } = planted
  const random = createRandom(`live/${story.seed}`)
  const traffic = createTraffic(story, 'live', perSecond === undefined ? 1 : (perSecond * DAY_MS) / 1000 / callsPerDay(planted))

  async function step(from: Milliseconds, to: Milliseconds): Promise<number> {
    const beats = to > from ? traffic.between(from, to) : []
    await Promise.all(beats.map((beat) => door.validate(requestOf(beat))))
    return beats.length
  }

  function requestOf(beat: Beat): Parameters<Door['validate']>[0] {
    const { ip, agent, service, method, route, scope } = beat
    const environment = story.tokens[beat.token]?.environment
    return {
      tenantNo,
      token: textOf(beat),
      ip,
      userAgent: agent,
      service,
      method,
      route,
      scopes: [scope],
      ...(environment && { environment }),
    }
  }

  function textOf({ token, reason, claimed }: Beat): string {
    const own = token === NOBODY ? undefined : texts[token]
    return own ?? junkText(random, reason, claimed === undefined ? undefined : story.tokens[claimed])
  }

  return { step }
}

/** Calls per day at the story's end of callers who still call. */
function callsPerDay({ story }: DemoPlanted): number {
  const living = story.callers.filter(({ until }) => until > story.to)
  return Math.max(1, living.reduce((sum, { perDay }) => sum + perDay, 0) * story.growth(story.to))
}

/** A text that is refused for a reason. Its secret is random, so it is nobody's. */
function junkText(random: Random, reason: Beat['reason'], claimed: TokenPlan | undefined): string {
  if (reason === 'too_long') return 'x'.repeat(5_000)
  if (reason === 'malformed') return random.base62(12 + random.below(20))
  const text = formatToken('ttk', claimed?.id ?? newTokenId(), newTokenSecret())
  return reason === 'bad_checksum' ? `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}` : text
}

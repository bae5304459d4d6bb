import { Command } from 'commander'
import { call, serverAccess, type ServerOptions } from './api.ts'
import { instant, sayFacts, sayJson } from './print.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface Settings {
  readonly timeZone: string
  readonly canaryTest?: {
    readonly at: string
    readonly state: 'running' | 'passed' | 'failed'
    readonly tookMs: number | null
    readonly failure: string | null
  } | null
}

/** `tokentrail detection show`, `detection set --time-zone Europe/Berlin` */
export function detectionCommand(common: (command: Command) => Command): Command {
  const detection = new Command('detection').description('how detection is set for a tenant')
  detection.addCommand(
    common(new Command('show'))
      .description('by whose clock days and weeks are learned, and whether a canary would alarm')
      .action(show),
  )
  detection.addCommand(
    common(new Command('set'))
      .description('say by whose clock days and weeks are learned; it is recorded')
      .requiredOption('--time-zone <zone>', 'IANA time zone, such as Europe/Berlin')
      .action(set),
  )
  return detection
}

async function show(options: Common): Promise<void> {
  tell(options, await call<Settings>(serverAccess(options), 'GET', '/v1/detection'))
}

async function set(options: Common & { readonly timeZone: string }): Promise<void> {
  const { timeZone } = options
  tell(options, await call<Settings>(serverAccess(options), 'PUT', '/v1/detection', { timeZone }))
}

function tell({ json }: Common, settings: Settings): void {
  if (json) return sayJson(settings)
  const { timeZone, canaryTest } = settings
  sayFacts({ 'time zone': timeZone, ...(canaryTest === undefined ? {} : { 'canary test': testText(canaryTest) }) })
}

function testText(test: NonNullable<Settings['canaryTest']> | null): string {
  if (!test) return 'not yet'
  const { at, state, tookMs, failure } = test
  return `${state} at ${instant(at)}${tookMs === null ? '' : `, found after ${tookMs} ms`}${failure === null ? '' : `: ${failure}`}`
}

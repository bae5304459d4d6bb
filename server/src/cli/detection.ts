import { Command } from 'commander'
import { call, serverAccess, type ServerOptions } from './api.ts'
import { sayFacts, sayJson } from './print.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface Settings {
  readonly timeZone: string
}

/** `tokentrail detection show`, `detection set --time-zone Europe/Berlin` */
export function detectionCommand(common: (command: Command) => Command): Command {
  const detection = new Command('detection').description('how detection is set for a tenant')
  detection.addCommand(common(new Command('show')).description('by whose clock days and weeks are learned').action(show))
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
  if (json) sayJson(settings)
  else sayFacts({ 'time zone': settings.timeZone })
}

import { pipeline } from 'node:stream/promises'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { FORMAT_NAMES, FORMATS, type FormatName } from '../report/everyday/formats.ts'
import { DAYS_MAX, REPORT_PARAMS } from '../report/everyday/params.ts'
import { REPORT_NAMES, REPORTS, type ReportName } from '../report/everyday/reports.ts'
import { intoFile, serverAccess, type ServerOptions, stream } from './api.ts'
import { Failure } from './exit.ts'
import { note, sayJson, sayTable, whole } from './print.ts'
import { parseInstant } from './time.ts'

interface ReportOptions extends ServerOptions {
  readonly from?: number
  readonly to?: number
  readonly format?: FormatName
  readonly out?: string
  readonly token?: string
  readonly incident?: string
  readonly days?: number
  readonly quiet?: boolean
  readonly json?: boolean
}

/** `tokentrail report NAME` */
export function reportCommand(): Command {
  return new Command('report')
    .description('make an everyday report')
    .addArgument(new Argument('<name>', 'which one; tokentrail reports lists them').choices(REPORT_NAMES))
    .option('--from <time>', 'RFC 3339, or how long ago such as 30d (default: as the report says)', parseInstant)
    .option('--to <time>', 'RFC 3339, or how long ago (default now)', parseInstant)
    .addOption(new Option('--format <format>', 'default: as the file is named, else json').choices(FORMAT_NAMES))
    .option('--out <file>', 'where to write it (default: standard output)')
    .option('--token <id>', REPORT_PARAMS.token)
    .option('--incident <id>', REPORT_PARAMS.incident)
    .option('--days <days>', REPORT_PARAMS.days, parseDays)
    .option('--quiet', 'no progress')
    .action(report)
}

/** `tokentrail reports` */
export function reportsCommand(): Command {
  return new Command('reports').description('every everyday report, and what it answers').action(list)
}

async function report(name: ReportName, { out, quiet = false, json, ...options }: ReportOptions): Promise<void> {
  const { from, to, token, incident, days } = options
  const format = options.format ?? (json ? 'json' : formatOf(out))
  if (out === undefined && FORMATS[format].isBinary && process.stdout.isTTY)
    throw new Failure('usage', `${format} is not for a terminal. Name a file with --out.`)
  const progress = createProgress(name, quiet)
  const pieces = await stream(serverAccess(options), 'POST', `/v1/reports/${name}`, { format, from, to, token, incident, days })
  const counted = progress.through(pieces)
  if (out === undefined) await pipeline(counted, process.stdout, { end: false })
  else await intoFile(counted, out)
  progress.done(out)
}

function list({ json }: { readonly json?: boolean }): void {
  const reports = REPORT_NAMES.map((name) => ({ name, ...REPORTS[name] }))
  if (json) return sayJson(reports.map(({ name, reader, title, answers, params }) => ({ name, reader, title, answers, params })))
  sayTable(
    ['report', 'for', 'answers'],
    reports.map(({ name, reader, answers }) => [name, reader, answers]),
  )
}

/** By the end of a file's name. */
function formatOf(file: string | undefined): FormatName {
  const ending = file?.split('.').at(-1)?.toLowerCase()
  return FORMAT_NAMES.find((name) => name === ending) ?? 'json'
}

const TELL_EVERY_MS = 500

/** Says on standard error how much has come: one line that is written over where a person looks, only the end elsewhere. */
function createProgress(name: string, quiet: boolean) {
  const overwrites = process.stderr.isTTY && !quiet
  const say = (text: string): void => void process.stderr.write(`\r\u{1B}[K${text}`)
  if (overwrites) say(`${name}: asking …`)
  let bytes = 0
  return {
    async *through(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      let toldAt = performance.now()
      for await (const piece of pieces) {
        bytes += piece.length
        yield piece
        if (!overwrites || performance.now() - toldAt < TELL_EVERY_MS) continue
        toldAt = performance.now()
        say(`${name}: ${whole(bytes)} bytes`)
      }
    },
    done(file: string | undefined): void {
      if (overwrites) say('')
      if (!quiet) note(`${name}: ${whole(bytes)} bytes${file === undefined ? '' : ` in ${file}`}`)
    },
  }
}

function parseDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${DAYS_MAX}.`)
  return days
}

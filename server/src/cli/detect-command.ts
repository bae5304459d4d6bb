import { Command } from 'commander'
import { paint, sayFacts, sayJson, whole } from './print.ts'

/** `tokentrail detect`: the detectors over a file, without a server. */
export function detectCommand(): Command {
  return new Command('detect')
    .description('run every detector over a file of events, in event time, without a server')
    .option('--in <file>', 'events in the ingest format, one per line, plain or gzip')
    .option('--out <file>', 'findings, one per line')
    .option('--json', 'print JSON')
    .action(detectFile)
    .addCommand(seriesCommand())
}

interface DetectFileOptions {
  readonly in?: string
  readonly out?: string
  readonly json?: boolean
}

async function detectFile(options: DetectFileOptions, command: Command): Promise<void> {
  if (options.in === undefined || options.out === undefined) command.error('error: --in and --out are needed', { exitCode: 2 })
  const { runDetect } = await import('./detect.ts')
  const { reasons, ...counts } = await runDetect({ in: options.in ?? '', out: options.out ?? '' })
  if (options.json) return sayJson({ ...counts, reasons })
  sayFacts(Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, whole(count)])))
  for (const reason of reasons) process.stderr.write(`${paint('yellow', reason)}\n`)
}

function seriesCommand(): Command {
  return new Command('series')
    .description('score one series: timestamp,value in, timestamp,value,anomaly_score out')
    .requiredOption('--in <file>', 'CSV')
    .requiredOption('--out <file>', 'CSV')
    .action(async (options: { readonly in: string; readonly out: string }) => {
      const { runDetectSeries } = await import('./detect-series.ts')
      await runDetectSeries(options)
    })
}

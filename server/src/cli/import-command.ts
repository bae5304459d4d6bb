import { Argument, Command } from 'commander'
import { serverAccess } from './api.ts'
import { runImport } from './import.ts'
import type { ServerOptions } from './api.ts'

/** `tokentrail import FORMAT FILE…` */
export function importCommand(): Command {
  return new Command('import')
    .description('take in what other systems have logged; safe to repeat')
    .addArgument(new Argument('<format>').choices(['cloudtrail', 'tokentrail']))
    .argument('<files...>', 'JSON or NDJSON, plain or gzip')
    .option('--dry-run', 'read and map, send nothing, say which fields are mapped and which are not')
    .option('--reject-file <file>', 'write what could not be taken, with reasons, as NDJSON')
    .action(importFiles)
}

type ImportOptions = ServerOptions & { readonly dryRun?: boolean; readonly rejectFile?: string; readonly json?: boolean }

async function importFiles(format: 'cloudtrail' | 'tokentrail', files: string[], options: ImportOptions): Promise<void> {
  const access = options.dryRun ? { url: '', token: '' } : serverAccess(options)
  process.exitCode = await runImport({
    format,
    files,
    ...access,
    dryRun: options.dryRun ?? false,
    json: options.json ?? false,
    ...(options.rejectFile === undefined ? {} : { rejectFile: options.rejectFile }),
  })
}

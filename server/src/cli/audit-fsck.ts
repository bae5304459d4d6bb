import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { systemDisk } from '../audit/disk.ts'
import { fsck, type FsckResult } from '../audit/fsck.ts'
import { systemClock } from '../clock.ts'
import { readConfig } from '../config/config.ts'
import { readRecords } from '../records/open.ts'
import { EXIT_CODES, Failure } from './exit.ts'
import { paint, say, sayJson, whole } from './print.ts'

interface FsckOptions {
  readonly data?: string
  readonly records?: string
  readonly json?: boolean
}

/** `tokentrail audit fsck` */
export function fsckCommand(): Command {
  return new Command('fsck')
    .description('recompute the whole log and compare tiles, checkpoints and records; beside a running server or without one')
    .option('--data <folder>', 'the data folder (or TOKENTRAIL_DATA)')
    .option('--records <url>', 'PostgreSQL by URL (or TOKENTRAIL_RECORDS)')
    .option('--json', 'print JSON')
    .action(run)
}

async function run(options: FsckOptions): Promise<void> {
  const { data, records } = options
  const config = readConfig({ ...(data !== undefined && { data }), ...(records !== undefined && { records }) }, process.env)
  const file = join(config.data, 'records.sqlite')
  const at = config.recordsUrl === undefined ? { file: existing(file) } : { url: config.recordsUrl }
  const opened = await readRecords({ ...at, clock: systemClock, log: QUIET })
  try {
    const result = await fsck({ dir: join(config.data, 'audit'), disk: systemDisk, read: opened.read })
    if (options.json) sayJson({ ok: result.differences.length === 0, ...result })
    else sayResult(result)
    process.exitCode = result.differences.length === 0 ? EXIT_CODES.ok : EXIT_CODES['not verified']
  } finally {
    await opened.close()
  }
}

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined }

function existing(file: string): string {
  if (existsSync(file)) return file
  throw new Failure('usage', `There are no records in ${file}. Name the data folder with --data, or a PostgreSQL with --records.`)
}

function sayResult({ shards, entries, differences }: FsckResult): void {
  say(`${whole(entries)} entries in ${whole(shards)} ${shards === 1 ? 'shard' : 'shards'}`)
  for (const { shard, check, index, what } of differences) {
    say(`${paint('red', '✗')} ${shard}, ${check}${index === null ? '' : `, entry ${whole(index)}`}: ${what}`)
  }
  if (differences.length === 0) say(`${paint('green', '✓')} tiles, checkpoints and records say the same`)
}

import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { SingleBar, Presets } from 'cli-progress'
import { openPack } from '../audit/verify/open-pack.ts'
import { TrailError } from '../errors.ts'
import { PACK_LEVELS } from '../records/evidence.ts'
import { EVIDENCE_PARAMS } from '../report/evidence/params.ts'
import { drawSample, SAMPLE_MAX } from '../report/sample.ts'
import { call, downloadTo, queryString, serverAccess, type ServerAccess, type ServerOptions } from './api.ts'
import { Failure } from './exit.ts'
import { instant, note, paint, percent, printable, say, sayFacts, sayJson, sayTable, whole } from './print.ts'
import { parseInstant } from './time.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface AskOptions extends Common {
  readonly from?: number
  readonly to?: number
  readonly param: Readonly<Record<string, string>>
  readonly level?: string
  readonly limit: number
}

interface PackOptions extends Omit<AskOptions, 'limit'> {
  readonly recipient: string
  readonly output?: string
  readonly approval?: string
  readonly ground?: string
}

interface SampleOptions extends Common {
  readonly question: string
  readonly count: number
  readonly phrase: string
  readonly checkpoint?: string
}

interface Catalogue {
  readonly questions: readonly { readonly id: string; readonly name: string; readonly answers: string }[]
  readonly packs: readonly { readonly name: string; readonly says: string }[]
}

interface Pack {
  readonly id: string
  readonly pack: string
  readonly state: 'making' | 'ready' | 'failed' | 'lapsed'
  readonly progress: number | null
  readonly level: string
  readonly recipient: string
  readonly requestedAt: string
  readonly failure: string | null
  readonly digest: string | null
  readonly event: string | null
  readonly bytes: number | null
  readonly rows: number | null
}

interface Answer {
  readonly id: string
  readonly question: string
  readonly answers: string
  readonly watermark: number
  readonly completeness: { readonly value: number | null }
  readonly method: string
  readonly cannotShow: string
  readonly count: number
  readonly figures: readonly { readonly name: string; readonly says: string; readonly value: number | null }[]
  readonly columns: Readonly<Record<string, { readonly form: string }>>
  readonly rows: readonly Readonly<Record<string, string | number | boolean | null>>[]
}

/** `tokentrail evidence list|ask|pack|sample` */
export function evidenceCommand(common: (command: Command) => Command): Command {
  const evidence = new Command('evidence').description('what auditors ask, and the packs that answer')
  evidence.addCommand(common(new Command('list')).description('evidence questions, packs, and packs that were made').action(list))
  evidence.addCommand(
    common(asking(new Command('ask').argument('<question>')))
      .description('ask one evidence question')
      .option('--limit <rows>', 'rows to show', parseCount(0, 500), 20)
      .action(ask),
  )
  evidence.addCommand(common(packCommand()))
  evidence.addCommand(sampleCommand())
  return evidence
}

function asking(command: Command): Command {
  return command
    .option('--from <time>', 'RFC 3339, or how long ago such as 30d', parseInstant)
    .option('--to <time>', 'RFC 3339, or how long ago (default now)', parseInstant)
    .option(
      '--param <name=value>',
      `a parameter, one of ${Object.keys(EVIDENCE_PARAMS).join(', ')} (may be repeated)`,
      parseParam,
      {},
    )
    .addOption(new Option('--level <level>', 'how much is shown; names need a second person').choices([...PACK_LEVELS]))
}

function packCommand(): Command {
  return asking(new Command('pack').argument('<pack>'))
    .description('make an evidence pack, wait for it and fetch it')
    .requiredOption('--recipient <name>', 'for whom it is made; printed in it')
    .option('--output <file>', 'where to write the zip (default: its id)')
    .option('--approval <id>', 'what a second person gave, for a pack with names')
    .option('--ground <text>', 'why names are needed')
    .action(pack)
}

function sampleCommand(): Command {
  return new Command('sample')
    .description('draw a sample out of a pack; no server is needed, and anyone draws the same')
    .argument('<pack>', 'zip or folder of a pack')
    .requiredOption('--question <name>', 'whose rows are drawn from')
    .requiredOption('--phrase <text>', 'what the auditor says after the checkpoint')
    .option('--count <n>', 'rows to draw', parseCount(1, SAMPLE_MAX), 25)
    .option('--checkpoint <file>', 'signed note of the checkpoint that counts (default: the one that covers the export)')
    .option('--json', 'print JSON')
    .action(sample)
}

async function list(_options: Common, command: Command): Promise<void> {
  const options = command.optsWithGlobals<Common>()
  const access = serverAccess(options)
  const [catalogue, { items }] = await Promise.all([
    call<Catalogue>(access, 'GET', '/v1/evidence'),
    call<{ items: readonly Pack[] }>(access, 'GET', '/v1/evidence/packs?limit=20'),
  ])
  if (options.json) return sayJson({ ...catalogue, made: items })
  sayTable(
    ['question', '', 'answers'],
    catalogue.questions.map(({ id, name, answers }) => [name, id, answers]),
  )
  say()
  sayTable(
    ['pack', 'is'],
    catalogue.packs.map(({ name, says }) => [name, says]),
  )
  if (items.length === 0) return
  say()
  const rows = items.map((each) => [each.id, each.pack, each.state, each.level, each.recipient, instant(each.requestedAt)])
  sayTable(['made', 'pack', 'state', 'level', 'recipient', 'asked'], rows)
}

async function ask(question: string, _options: AskOptions, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AskOptions>()
  const { from, to, level, limit, param } = options
  const query = queryString({ from, to, level, limit, ...param })
  const answer = await call<Answer>(
    serverAccess(options),
    'GET',
    `/v1/evidence/questions/${encodeURIComponent(question)}${query}`,
  )
  if (options.json) return sayJson(answer)
  say(paint('bold', `${answer.id} ${answer.answers}`))
  say(
    paint(
      'dim',
      `counted up to ${instant(answer.watermark)}, completeness ${percent(answer.completeness.value)}; ${answer.method}`,
    ),
  )
  sayTable(
    ['figure', 'says', 'value'],
    answer.figures.map(({ name, says, value }) => [name, says, value ?? 'none']),
  )
  if (answer.rows.length > 0) sayRows(answer)
  say(`Cannot show: ${printable(answer.cannotShow)}.`)
}

function sayRows({ columns, rows, count }: Answer): void {
  const shown = Object.entries(columns).slice(0, 8)
  say()
  sayTable(
    shown.map(([name]) => name),
    rows.map((row) => shown.map(([name, { form }]) => cellOf(row[name] ?? null, form))),
  )
  if (count > rows.length) say(paint('dim', `${whole(rows.length)} of ${whole(count)} rows. A pack holds all of them.`))
}

function cellOf(cell: string | number | boolean | null, form: string): string | number {
  if (cell === null) return ''
  if (form === 'time') return instant(Number(cell))
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : cell
}

async function pack(name: string, _options: PackOptions, command: Command): Promise<void> {
  const options = command.optsWithGlobals<PackOptions>()
  const access = serverAccess(options)
  const { from, to, level, recipient, approval, ground, param } = options
  const params = Object.fromEntries(
    Object.entries(param).map(([key, value]) => [key, /^\d+$/.test(value) ? Number(value) : value]),
  )
  const asked = await call<Pack | { readonly approval: { readonly id: string } }>(access, 'POST', '/v1/evidence/packs', {
    pack: name,
    recipient,
    from,
    to,
    level,
    approval,
    ground,
    ...(Object.keys(params).length === 0 ? {} : { params }),
  })
  if (!('pack' in asked)) {
    if (options.json) return sayJson(asked)
    return say(`A second person has to agree. Then ask again with --approval ${asked.approval.id}`)
  }
  const made = await waitFor(access, asked)
  const file = options.output ?? `${made.id}.zip`
  await downloadTo(access, `/v1/evidence/packs/${made.id}`, file)
  if (options.json) return sayJson({ ...made, file })
  say(`${file} is ready.`)
  sayFacts({
    rows: whole(made.rows ?? 0),
    bytes: whole(made.bytes ?? 0),
    'SHA-256 of report.json': made.digest,
    'entry of the log': made.event,
  })
  say(paint('dim', `Check it with: tokentrail verify ${file} --key <the log's verifier key>`))
}

const POLL_MS = 500

async function waitFor(access: ServerAccess, first: Pack): Promise<Pack> {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: 'making {bar} {percentage} %', hideCursor: true }, Presets.shades_classic)
    : undefined
  bar?.start(1, 0)
  try {
    for (let made = first; ; made = await call<Pack>(access, 'GET', `/v1/evidence/packs/${first.id}/status`)) {
      bar?.update(made.progress ?? 1)
      if (made.state === 'ready') return made
      if (made.state !== 'making') throw new Failure('failed', made.failure ?? `The pack is ${made.state}.`)
      await setTimeout(POLL_MS)
    }
  } finally {
    bar?.stop()
  }
}

async function sample(path: string, options: SampleOptions): Promise<void> {
  const checkpoint = options.checkpoint === undefined ? {} : { checkpoint: readFileSync(options.checkpoint, 'utf8') }
  const opened = await openPack(path)
  try {
    const found = await drawSample(opened.folder, { ...options, ...checkpoint })
    if (options.json) return sayJson(found)
    const { population, checkpoint: seeded } = found
    sayFacts({
      population: `${whole(population.rows)} rows of ${found.question}, SHA-256 ${population.sha256}`,
      'in the log since': `entry ${whole(population.entry)}`,
      checkpoint: `${seeded.origin}, ${whole(seeded.size)} leaves, root ${seeded.root}`,
      phrase: found.phrase,
      seed: found.seed,
    })
    sayTable(
      ['rank', 'drawn'],
      found.items.map(({ rank, id }) => [rank, id]),
    )
    note('Verify the pack first: a sample is as good as its pack.')
  } catch (error) {
    if (error instanceof TrailError && error.code === 'parameter_invalid') throw new Failure('usage', error.message)
    throw error
  } finally {
    await opened.close()
  }
}

function parseParam(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^(\w+)=(.+)$/.exec(text) ?? []
  if (name === undefined || value === undefined || !Object.hasOwn(EVIDENCE_PARAMS, name))
    throw new InvalidArgumentError(`Expected name=value with one of ${Object.keys(EVIDENCE_PARAMS).join(', ')}.`)
  return { ...before, [name]: value }
}

function parseCount(min: number, max: number) {
  return (text: string): number => {
    const count = Number(text)
    if (!Number.isInteger(count) || count < min || count > max)
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
    return count
  }
}

import { ROWS_SHOWN, timeText, type Figure } from 'tokentrail/verify'
import type { AskEvidence, EvidenceHead, SeenRow } from '../evidence/ask.ts'
import type { EvidenceLevel } from '../evidence/level.ts'
import type { GivenParams } from '../evidence/params.ts'
import type { EvidenceName } from '../evidence/questions.ts'
import { csvLine, csvRow } from './csv.ts'
import type { PackFolder } from './pack-folder.ts'

/** What a pack holds of an answer: everything but its rows, which are on disk, and the first of them for the page. */
export interface PackAnswer {
  readonly head: EvidenceHead
  readonly rows: number
  readonly figures: readonly Figure[]
  readonly first: readonly SeenRow[]
  /** File of the rows with its SHA-256; none at the level of figures. */
  readonly file: { readonly name: string; readonly sha256: string } | null
}

/** Asks a question and writes its rows to NDJSON and CSV as they come. */
export async function answerInto(
  folder: PackFolder,
  ask: AskEvidence,
  o: {
    readonly tenantNo: number
    readonly name: EvidenceName
    readonly params: GivenParams
    readonly level: EvidenceLevel
    readonly signal: AbortSignal
    /** Told of every row, whole. */
    readonly onRow?: () => void
  },
): Promise<PackAnswer> {
  const answer = await ask(o.tenantNo, o.name, o.params, { level: o.level, signal: o.signal })
  const first: SeenRow[] = []
  const files = o.level === 'aggregate' ? undefined : await openFiles(folder, answer.head)
  for await (const row of answer.rows) {
    o.onRow?.()
    if (files === undefined) continue
    if (first.length < ROWS_SHOWN) first.push(row)
    await files.take(row)
  }
  const file = await files?.end()
  return { head: answer.head, rows: answer.count(), figures: answer.figures(), first, file: file ?? null }
}

async function openFiles(folder: PackFolder, head: EvidenceHead) {
  const lines = await folder.open(`answers/${head.question}.ndjson`)
  const sheet = await folder.open(`answers/${head.question}.csv`)
  for (const line of preamble(head)) await sheet.write(csvLine(line))
  await sheet.write(csvLine(Object.keys(head.columns)))
  return {
    async take(row: SeenRow) {
      await lines.write(`${JSON.stringify(row)}\n`)
      await sheet.write(csvRow(row, head.columns))
    },
    async end() {
      await sheet.end()
      return lines.end()
    },
  }
}

/** What a person has to know who gets the sheet alone. */
function preamble(head: EvidenceHead): readonly (readonly (string | number | null)[])[] {
  const { completeness } = head
  return [
    ['question', `${head.id} ${head.question}`],
    ['answers', head.answers],
    [
      'filter',
      Object.entries(head.params)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || 'none',
    ],
    ['window', timeText(head.window.from), timeText(head.window.to)],
    ['zone', 'UTC'],
    ['watermark', timeText(head.watermark)],
    ['completeness', completeness.value ?? 'nothing received', 'missing', completeness.missing],
    ['method', head.method],
    ['cannot show', head.cannotShow],
    ['level', head.level],
    [],
  ]
}

import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createSeries } from '../detect/series/series.ts'
import { TrailError } from '../errors.ts'

export interface DetectSeriesOptions {
  /** CSV with the columns `timestamp,value`. */
  readonly in: string
  /** The same with a third column, `anomaly_score` from 0 to 1. */
  readonly out: string
}

/** `tokentrail detect series`: scores one series point by point, each by what came before it alone. Returns how many points there were. */
export async function runDetectSeries({ in: file, out }: DetectSeriesOptions): Promise<number> {
  let points = 0
  async function* scored(lines: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const line of scoreLines(lines, file)) {
      points++
      yield line
    }
  }
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })
  await pipeline(scored(lines), createWriteStream(out))
  return points - 1
}

/** A line out for each line in, the heading first; nothing is read ahead. */
export async function* scoreLines(lines: AsyncIterable<string>, file: string): AsyncGenerator<string> {
  const series = createSeries()
  let number = 0
  for await (const line of lines) {
    if (++number === 1) yield headingOf(line, file)
    else if (line !== '') {
      const { score } = series.judge(pointOf(line, file, number))
      yield `${line},${score.toFixed(6)}\n`
    }
  }
  if (number === 0) throw refused(file, 1, 'the heading "timestamp,value"')
}

function headingOf(line: string, file: string): string {
  if (line.replace(/^\uFEFF/, '').trim() !== 'timestamp,value') throw refused(file, 1, 'the heading "timestamp,value"')
  return 'timestamp,value,anomaly_score\n'
}

/** `2026-01-05 10:00:00` or `2026-01-05T10:00:00`, read as UTC unless it names its zone. */
const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/

function pointOf(line: string, file: string, number: number): { readonly at: number; readonly value: number } {
  const [time = '', text = '', ...rest] = line.split(',')
  const [, day, clock, zone = 'Z'] = TIME.exec(time.trim()) ?? []
  const at = Date.parse(`${day}T${clock}${zone}`)
  const value = text.trim() === '' ? NaN : Number(text)
  if (Number.isNaN(at) || !Number.isFinite(value) || rest.length > 0)
    throw refused(file, number, 'a time and a number, such as "2026-01-05 10:00:00,12.5"')
  return { at, value }
}

function refused(file: string, line: number, expected: string): TrailError {
  return new TrailError('import_invalid', `${file}, line ${line}: expected ${expected}.`, { input: 'in' })
}

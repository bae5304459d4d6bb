/**
 * Scores the files of the Numenta Anomaly Benchmark with the method for real-valued series: `npm run bench -- nab
 * [--out DIR] [--nab DIR] [--scorer FILE] [--settings JSON] [--note TEXT]`. Each point is scored causally, with one configuration for all
 * files. Every scored run is appended to `bench/detect/runs.jsonl`; `--settings` tries a variant, and a variant is counted like any run.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createSeries, SERIES_SETTINGS, type SeriesSettings } from '../../server/src/detect/series/series.ts'

interface File {
  readonly ts: Float64Array
  readonly value: Float64Array
}
interface Profile {
  readonly threshold: number
  readonly score: number
  readonly windows: number
  readonly detected: number
  readonly fpRows: number
}
type Corpus = Map<string, File>
type Scores = Map<string, Float64Array>
type Profiles = Readonly<Record<string, Profile>>
interface Scorer {
  loadCorpus(folder: string, options?: { only?: (file: string) => boolean }): Corpus
  evaluate(corpus: Corpus, scores: Scores, options?: { thresholds?: Readonly<Record<string, number>> }): Profiles
}

const bench = fileURLToPath(new URL('..', import.meta.url))
const shared = join(bench, '../../shared')
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: '' },
    nab: { type: 'string', default: join(shared, 'data/nab') },
    scorer: { type: 'string', default: join(shared, 'tools/nabscore.mjs') },
    settings: { type: 'string', default: '{}' },
    note: { type: 'string', default: '' },
  },
})
const RUNS = join(bench, 'detect/runs.jsonl')
const DETECTOR = 'tokentrail'

const settings = settingsWith(JSON.parse(options.settings) as Partial<SeriesSettings>)
const { loadCorpus, evaluate } = (await import(pathToFileURL(options.scorer).href)) as Scorer
const corpus = loadCorpus(options.nab)
const { scores, microsPerPoint } = scoreAll(corpus)
if (options.out !== '') for (const file of corpus.keys()) writeScores(file, scores.get(file) ?? new Float64Array())
const run = {
  at: new Date().toISOString(),
  what: 'nab',
  digest: createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12),
  note: options.note,
  settings: JSON.parse(options.settings) as unknown,
  micros: rounded(microsPerPoint),
  full: figures(evaluate(corpus, scores)),
  halves: [0, 1].map((half) => figures(scoreHalf(half))),
}
appendFileSync(RUNS, `${JSON.stringify(run)}\n`)
process.stdout.write(`${JSON.stringify(resultOf(run))}\n`)

function settingsWith(changed: Partial<SeriesSettings>): SeriesSettings {
  const tail = { ...SERIES_SETTINGS.tail, ...changed.tail }
  return { ...SERIES_SETTINGS, ...changed, tail, news: { ...SERIES_SETTINGS.news, ...changed.news } }
}

function scoreAll(files: Corpus): { readonly scores: Scores; readonly microsPerPoint: number } {
  const all: Scores = new Map()
  let points = 0
  const started = performance.now()
  for (const [file, { ts, value }] of files) {
    const series = createSeries(settings)
    all.set(
      file,
      Float64Array.from(ts, (at, i) => series.judge({ at, value: value[i] ?? 0 }).score),
    )
    points += ts.length
  }
  return { scores: all, microsPerPoint: ((performance.now() - started) * 1000) / points }
}

/** Files fall into halves by hash; each half is scored with the thresholds that are best on the other. */
function scoreHalf(half: number): Profiles {
  const halfOf = (file: string): number => (createHash('sha256').update(file).digest()[0] ?? 0) % 2
  const other = evaluate(loadCorpus(options.nab, { only: (file) => halfOf(file) !== half }), scores)
  const thresholds = Object.fromEntries(Object.entries(other).map(([name, { threshold }]) => [name, threshold]))
  return evaluate(loadCorpus(options.nab, { only: (file) => halfOf(file) === half }), scores, { thresholds })
}

function figures(profiles: Profiles): Profiles {
  return Object.fromEntries(
    Object.entries(profiles).map(([name, { threshold, score, windows, detected, fpRows }]) => [
      name,
      { score: rounded(score), threshold, windows, detected, fpRows },
    ]),
  )
}

/** The layout that scorers of the benchmark read: `<detector>/<category>/<detector>_<file>.csv`. */
function writeScores(file: string, own: Float64Array): void {
  const [category = '', name = ''] = file.split('/')
  const path = join(options.out, DETECTOR, category, `${DETECTOR}_${name}`)
  mkdirSync(dirname(path), { recursive: true })
  const [, ...rows] = readFileSync(join(options.nab, 'data', file), 'utf8')
    .trimEnd()
    .split(/\r?\n/)
  writeFileSync(path, `timestamp,value,anomaly_score\n${rows.map((row, i) => `${row},${own[i] ?? 0}`).join('\n')}\n`)
}

/** The latest figures beside the first honest ones and the number of runs that lie between. */
function resultOf(latest: object): object {
  const runs = readFileSync(RUNS, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"what":"nab"'))
  return { what: 'nab', variantsTried: runs.length, first: JSON.parse(runs[0] ?? 'null') as unknown, latest, settings }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

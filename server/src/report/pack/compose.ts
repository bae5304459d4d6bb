import {
  cellText,
  COLUMNS_SHOWN,
  countText,
  durationText,
  shareOf,
  shareText,
  timeText,
  WHAT_IS_NOT_PROVEN,
  WITHOUT_WITNESS,
  type Figure,
} from 'tokentrail/verify'
import { FRAMEWORKS, STATUSES, type Control, type Framework } from '../controls.ts'
import type { Column } from '../evidence/question.ts'
import { EVIDENCE } from '../evidence/questions.ts'
import { LEVEL_SAYS } from '../evidence/level.ts'
import type { PackAnswer } from './answers.ts'
import type { Fact, PackDocument, Section, Table } from './document.ts'
import type { LogPart } from './log-part.ts'
import type { PackPlan } from './plan.ts'
import { processingTable } from './processing.ts'

/** What a report is composed of. */
export interface Composed {
  readonly plan: PackPlan
  readonly answers: readonly PackAnswer[]
  readonly log: LogPart | null
  readonly separation: 'enforced' | 'waived'
  /** Since when nothing outside vouches for new leaves; null where a witness has seen the last checkpoint. */
  readonly unwitnessed: string
  /** SHA-256 over the names and digests of all data. */
  readonly dataDigest: string
  readonly reportKey: string
  readonly counted: { readonly rows: number; readonly batches: number; readonly absent: number } | null
}

/** The report: scope, method, controls, figures, completeness, what cannot be shown, proofs. */
export function compose(of: Composed): PackDocument {
  const { plan } = of
  return {
    title: plan.title,
    subtitle: `${timeText(plan.window.from)} to ${timeText(plan.window.to)}, for ${plan.recipient}`,
    sections: [
      scope(of),
      limits(of),
      ...(plan.framework === null ? [] : [controls(plan.framework)]),
      ...of.answers.map(answerSection),
      ...(plan.adds.includes('record of processing') ? [processing()] : []),
      proofs(of),
    ],
  }
}

function scope({ plan, answers, separation, log }: Composed): Section {
  const heads = answers.map(({ head }) => head)
  const watermark = Math.min(...heads.map((head) => head.watermark))
  const filter = Object.entries(plan.params).map(([name, value]) => `${name} ${value}`)
  return {
    id: 'scope',
    title: 'Scope',
    paragraphs: [
      `This report is ${plan.says}. It gives evidence and no verdict: a figure says what was recorded, whoever reads it judges.`,
    ],
    facts: [
      { name: 'tenant', value: plan.tenant.id },
      { name: 'period', value: `${timeText(plan.window.from)} to ${timeText(plan.window.to)}, half open` },
      { name: 'zone', value: 'UTC' },
      { name: 'filter', value: filter.join(', ') || 'none' },
      { name: 'made', value: timeText(plan.madeAt) },
      {
        name: 'watermark',
        value: heads.length === 0 ? 'none' : `${timeText(watermark)}: every event received up to then is counted`,
      },
      { name: 'completeness', value: completenessOf(answers) },
      { name: 'shows', value: `${plan.level}: ${LEVEL_SAYS[plan.level]}` },
      { name: 'recipient', value: plan.recipient },
      { name: 'to be kept until', value: timeText(plan.expiresAt) },
      { name: 'reading', value: 'states as known now; events as recorded' },
      {
        name: 'separation of duties',
        value: separation === 'waived' ? 'WAIVED: one person can ask and agree' : 'enforced: who asks cannot agree',
      },
      {
        name: 'proofs',
        value:
          log === null
            ? 'none: no audit log was kept, or nothing of it was signed yet'
            : `entries ${log.log.scope === 'range' ? 'of the whole installation' : 'of this tenant'}`,
      },
    ],
  }
}

function completenessOf(answers: readonly PackAnswer[]): string {
  const [first] = answers
  if (first === undefined) return 'nothing was asked'
  const { completeness, lateEvents } = first.head
  const lost = Object.entries(completeness.lost).map(([reason, count]) => `${countText(count ?? 0)} ${reason}`)
  const share =
    completeness.value === null
      ? 'nothing was received'
      : `${shareText(completeness.value)} of ${countText(completeness.received + completeness.missing)} received`
  return `${share}; lost: ${lost.join(', ') || 'none declared'}; missing: ${countText(completeness.missing)}; late: ${countText(lateEvents)}`
}

/** In the same size as the rest, and before it. */
function limits({ answers, separation, unwitnessed, log }: Composed): Section {
  return {
    id: 'limits',
    title: 'What this cannot show',
    paragraphs: [
      WHAT_IS_NOT_PROVEN,
      'Nor can it show that a statement was true, or who sat behind a token: it was done with this token, the person is not proven.',
      WITHOUT_WITNESS,
      unwitnessed,
      ...(separation === 'waived'
        ? ['Separation of duties is waived: where a second person is asked for, the first one could agree alone.']
        : []),
      ...(log?.more
        ? [
            'The period began in an earlier shard of the log: its entries are not in this pack, and a pack of that time shows them.',
          ]
        : []),
      ...answers.map(({ head }) => `${head.id} ${head.question}: ${head.cannotShow}.`),
    ],
  }
}

function controls(framework: Framework): Section {
  const { title, controls: all } = FRAMEWORKS[framework]
  const some: readonly Control[] = all
  const rows = some.map(({ id, about, status, questions, shownBy = [], missing }) => [
    id,
    about,
    `${status} ${STATUSES[status]}`,
    [...questions.map((name) => EVIDENCE[name].id), ...shownBy].join(', ') || 'nothing here',
    missing,
  ])
  const head = ['control', 'about', 'status', 'shown by', 'cannot be shown here']
  return {
    id: 'controls',
    title: `Controls of ${title}`,
    paragraphs: ['Ids are those of the publisher; the words are ours, and the official text is what counts.'],
    tables: [{ caption: `Evidence about ${title}`, head, rows }],
  }
}

function answerSection({ head, figures, first, rows, file }: PackAnswer): Section {
  const params = Object.entries(head.params).map(([name, value]) => `${name} ${value}`)
  const shown = file === null ? 'Rows are left out at this level.' : rowsSay(rows, first.length, file.name)
  return {
    id: head.id.toLowerCase(),
    title: `${head.id} ${head.question}`,
    paragraphs: [`${head.answers}.`, `Method: ${head.method}.`, `Cannot show: ${head.cannotShow}.`, shown],
    facts: [
      { name: 'asked', value: params.join(', ') || 'without parameters' },
      { name: 'reads', value: head.from.map((each) => SOURCES[each]).join(', ') },
      ...(head.withheld.length === 0 ? [] : [{ name: 'left out', value: head.withheld.join(', ') }]),
      ...(file === null ? [] : [{ name: 'SHA-256 of its rows', value: file.sha256 }]),
    ],
    tables: [figureTable(head.question, figures), ...(first.length === 0 ? [] : [rowTable(head.question, head.columns, first)])],
  }
}

const SOURCES = { R: 'records', S: 'store', L: 'audit log' } as const

function rowsSay(rows: number, shown: number, file: string): string {
  if (rows === 0) return 'There is no row.'
  return rows > shown
    ? `${countText(shown)} of ${countText(rows)} rows are shown; all stand in ${file}.`
    : `All ${countText(rows)} rows are shown; they also stand in ${file}.`
}

function figureTable(question: string, figures: readonly Figure[]): Table {
  return {
    caption: `Figures of ${question}`,
    head: ['figure', 'says', 'value', 'share'],
    rows: figures.map((figure) => [figure.name, figure.says, figureText(figure), shareOf(figure)]),
    right: [2, 3],
  }
}

function figureText({ name, value }: Figure): string {
  if (value === null) return 'none'
  if (name.endsWith('-ms')) return durationText(value)
  return name.endsWith('-share') ? shareText(value) : countText(value)
}

function rowTable(question: string, columns: Readonly<Record<string, Column>>, rows: PackAnswer['first']): Table {
  const shown = Object.entries(columns).slice(0, COLUMNS_SHOWN)
  return {
    caption: `Rows of ${question}${Object.keys(columns).length > COLUMNS_SHOWN ? ', first columns' : ''}`,
    head: shown.map(([name]) => name),
    rows: rows.map((row) => shown.map(([name, column]) => cellText(row[name] ?? null, column))),
    right: shown.flatMap(([, { form }], i) => (['count', 'days', 'duration', 'share'].includes(form) ? [i] : [])),
  }
}

function processing(): Section {
  return {
    id: 'processing',
    title: 'Record of processing',
    paragraphs: ['What is recorded of each kind of event: for which purpose, how near to a person, and how long it is kept.'],
    tables: [processingTable()],
  }
}

function proofs({ log, dataDigest, reportKey, plan, counted }: Composed): Section {
  const facts: Fact[] = [
    { name: 'report', value: plan.reportId },
    { name: 'digest of all data', value: dataDigest },
    { name: 'report key', value: reportKey },
  ]
  if (log !== null) {
    const { first, last, origin, entries } = log.log
    facts.push(
      { name: 'log', value: origin },
      { name: 'first checkpoint', value: `${countText(first.size)} leaves, root ${first.root}` },
      { name: 'last checkpoint', value: `${countText(last.size)} leaves, root ${last.root}` },
      { name: 'entries here', value: countText(entries) },
      ...log.keys.map((value) => ({ name: 'key', value })),
    )
  }
  if (counted !== null)
    facts.push({
      name: 'counted rows here',
      value: `${countText(counted.rows)} of ${countText(counted.batches)} batches; ${countText(counted.absent)} rows of these batches are not here`,
    })
  return {
    id: 'proofs',
    title: 'Proofs',
    paragraphs: [
      'Check this pack with `tokentrail verify <pack> --policy <file>`, or with the page verify.html, which needs no network. Bring the keys yourself: those below are a convenience, to be compared with keys that you were given by another way.',
      'report.json holds the SHA-256 of every file and is signed with the report key. The log holds the SHA-256 of report.json in an entry of its own, whose proof is in after/.',
    ],
    facts,
  }
}

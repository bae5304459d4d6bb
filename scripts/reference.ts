// npm run docs: writes the reference pages from the tables that the code itself uses. A test holds them together.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ACTORS, DECISION_REASONS, ENDING_GROUPS, FACT_REASONS, FLAGS, KINDS, OUTCOMES, POPULATIONS, TYPES } from 'tokentrail'
import { APPROVERS } from '../server/src/access/approvers.ts'
import { type Action, type Reach, reachOf, type Row, TABLE } from '../server/src/access/table.ts'
import { HIDDEN_FIELDS, LOG_TYPES, PURPOSES, REGISTRY, SHOWN_COLUMNS } from '../server/src/audit/registry.ts'
import { SETTINGS } from '../server/src/config/config.ts'
import { ERRORS } from '../server/src/errors.ts'
import { FORMS } from '../server/src/report/everyday/cells.ts'
import { FORMAT_NAMES, FORMATS } from '../server/src/report/everyday/formats.ts'
import type { Report } from '../server/src/report/everyday/report.ts'
import { REPORT_NAMES, REPORTS } from '../server/src/report/everyday/reports.ts'
import { FRAMEWORKS, STATUSES } from '../server/src/report/controls.ts'
import { EVIDENCE, EVIDENCE_NAMES } from '../server/src/report/evidence/questions.ts'
import type { Control } from '../server/src/report/controls.ts'
import { EVENT_COLUMNS } from '../server/src/event/row.ts'
import { ROLES } from '../server/src/records/records.ts'
import { CONFLICTS } from '../server/src/records/role-rules.ts'
import type { Role } from '../server/src/records/records.ts'

type Cell = string | number | boolean

/** Every page, by its path from the root. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'docs/reference/events.md': eventsPage(),
    'docs/reference/columns.md': page(
      'Columns of an event',
      'The table `events` of the store. Integers of types, outcomes and reasons stand on the page about events.',
      [
        table(
          ['column', 'form', 'codec', 'what it holds'],
          EVENT_COLUMNS.map(({ column, form, codec, doc }) => [code(column), form, codec, doc]),
        ),
      ],
    ),
    'docs/reference/errors.md': page(
      'Errors',
      'Every error is problem details (RFC 9457) with a `code`, which is the contract, the `input` that is meant, and what to do.',
      [
        table(
          ['code', 'status', 'title'],
          Object.entries(ERRORS).map(([name, { status, title }]) => [code(name), status, title]),
        ),
      ],
    ),
    'docs/reference/roles.md': rolesPage(),
    'docs/reference/controls.md': controlsPage(),
    'docs/reference/reports.md': reportsPage(),
    'docs/reference/log.md': logPage(),
    'docs/reference/verify-page.md': verifyPage(),
    'docs/reference/settings.md': page(
      'Settings',
      'Options of `tokentrail start` and `tokentrail demo`. An option wins over its environment variable.',
      [
        table(
          ['option', 'variable', 'default', 'what it sets'],
          Object.entries(SETTINGS).map(([name, { variable, fallback, doc }]) => [
            code(optionName(name)),
            code(variable),
            fallback === '' ? '' : code(fallback),
            doc,
          ]),
        ),
      ],
    ),
  }
}

function eventsPage(): string {
  const ids = (names: Readonly<Record<string, number>>): string =>
    Object.entries(names)
      .map(([name, id]) => `${code(name)} ${id}`)
      .join(', ')
  return page(
    'Events',
    'What can happen, what was decided, and why. Names stand in the API, integers in the store; an integer is never used again.',
    [
      `## Types\n\n${table(
        ['type', 'id', 'promise'],
        Object.entries(TYPES).map(([name, { id, class: promise }]) => [code(name), id, promise]),
      )}`,
      `## Reasons of a validation\n\nIn the order of precedence: of the rows from \`too_long\` on, the first that applies is the reason. Faults take effect where they occur.\n\n${table(
        ['reason', 'id', 'class', 'when'],
        Object.entries(DECISION_REASONS).map(([name, reason]) => [code(name), reason.id, reason.class, reason.when]),
      )}`,
      `## Reasons of other events\n\n${table(
        ['reason', 'id', 'of'],
        Object.entries(FACT_REASONS).map(([name, { id, of }]) => [code(name), id, of]),
      )}`,
      `## Why a token was revoked, in groups\n\n${table(
        ['group', 'reasons'],
        Object.entries(ENDING_GROUPS).map(([group, reasons]) => [group, reasons.map(code).join(', ')]),
      )}`,
      `## Small sets\n\n${table(
        ['field', 'values'],
        [
          ['outcome', ids(OUTCOMES)],
          ['kind', ids(KINDS)],
          ['population', ids(POPULATIONS)],
          ['actor_kind', ids(ACTORS)],
          ['flags', ids(FLAGS)],
        ],
      )}`,
    ],
  )
}

/** The digest of the page that the dashboard's build has made; nothing where there is none. */
function verifyPage(): string {
  const file = new URL('../dashboard/dist/verify.html', import.meta.url)
  const digest = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'not built'
  return page(
    'The page that verifies',
    'SHA-256 of `verify.html` of this version. `sha256sum verify.html` must say the same, wherever your copy came from.',
    [`\`\`\`\n${digest}\n\`\`\``],
  )
}

const MARKS = { yes: '●', second: '2', suppressed: 's', own: 'o' } as const satisfies Record<Reach, string>

function rolesPage(): string {
  const actions = Object.entries(TABLE) as [Action, Row][]
  const cell = (role: Role, action: Action): string => {
    const reach = reachOf(role, action)
    return reach === undefined ? '' : MARKS[reach]
  }
  const rows = actions.map(([action, row]) => [
    code(action),
    row.class,
    `${row.what}${row.install ? '; of the installation' : ''}${row.fresh ? '; asks for the second factor again' : ''}`,
    ...ROLES.map((role) => cell(role, action)),
  ])
  return page(
    'Roles',
    'What is not granted here is denied. A route names its action, and with it the class of data; one that names none does not start. This is the table once separation of duties is enforced; while it is waived, an admin has every row. ● yes · o what belongs to the own owner · s suppressed figures · 2 with a second person.',
    [
      table(['action', 'class', 'what it permits', ...ROLES], rows),
      `## Conflicts\n\nOne person may not be both: ${CONFLICTS.map((pair) => pair.join(' and ')).join(' · ')}.`,
      `## A second person\n\n${table(
        ['action', 'whose word counts'],
        Object.entries(APPROVERS).map(([action, roles]) => [code(action), roles.join(', ')]),
      )}`,
    ],
  )
}

/** What the audit log says of each type: inventory, and record of processing. */
function logPage(): string {
  const rows = Object.entries(REGISTRY).map(([name, { leaf, shown, hidden, purpose, data, kept, ocsf }]) => [
    code(name),
    leaf,
    shown.map(code).join(' '),
    hidden.join(', '),
    purpose,
    data,
    kept,
    `${ocsf.class} / ${ocsf.activity}`,
  ])
  return page(
    'Log inventory',
    'What is recorded of each type of event, why, and how long. `own`: an entry of the [audit log](../audit.md); `batch`: a row under the root of its batch; `none`: neither. Shown fields stand in an entry in clear, hidden ones as commitments whose values are sealed per person. Kept: `critical` 400 days unless set, `counted` as long as the rows of the tenant, `debug` may be dropped. OCSF 1.8.0: class / activity.',
    [
      table(['type', 'leaf', 'shown', 'hidden', 'purpose', 'data', 'kept', 'OCSF'], rows),
      `## Hidden fields\n\n${table(['field', 'holds'], Object.entries(HIDDEN_FIELDS))}`,
      `## Columns that every entry shows\n\n${table(['column', 'says'], Object.entries(SHOWN_COLUMNS))}`,
      `## Purposes\n\n${table(['purpose', 'what for'], Object.entries(PURPOSES))}`,
      `## Entries of the log alone\n\n${LOG_TYPES.map(code).join(' · ')}`,
    ],
  )
}

function reportsPage(): string {
  const catalogue = table(
    ['report', 'reader', 'answers', 'window', 'parameters'],
    REPORT_NAMES.map((name) => {
      const { reader, answers, days, params, needs = [] }: Report = REPORTS[name]
      const given = [
        ...needs.map((each) => `${code(each)} (needed)`),
        ...Object.entries(params).map(([each, value]) => `${code(each)} (${value})`),
      ]
      return [
        `[${name}](#${name})`,
        reader,
        answers,
        days === 'month' ? 'the last whole month' : `${days} days`,
        given.join(', '),
      ]
    }),
  )
  const each = REPORT_NAMES.map((name) => {
    const { sections }: Report = REPORTS[name]
    const rows = sections.map(({ title, asks, columns }) => [
      title,
      asks.map(code).join(' '),
      Object.entries(columns)
        .map(([column, { form }]) => (FORMS[form] === '' ? code(column) : `${code(column)} (${FORMS[form]})`))
        .join(', '),
    ])
    return `## ${name}\n\n${table(['section', 'asks', 'columns'], rows)}`
  })
  const forms = FORMAT_NAMES.map((name) => `${code(name)} ${FORMATS[name].what}`).join(' · ')
  return page('Reports', `Everyday reports, and the questions that they ask. Forms: ${forms}.`, [catalogue, ...each])
}

function controlsPage(): string {
  const questions = table(
    ['id', 'question', 'answers', 'reads', 'cannot show'],
    EVIDENCE_NAMES.map((name) => {
      const { id, answers, from, cannotShow } = EVIDENCE[name]
      return [id, code(name), answers, from.join(' '), cannotShow]
    }),
  )
  const frameworks = Object.values(FRAMEWORKS).map(({ title, controls }) => {
    const some: readonly Control[] = controls
    const rows = some.map(({ id, about, status, questions: names, shownBy = [], missing }) => [
      id,
      about,
      status,
      [...names.map((name) => EVIDENCE[name].id), ...shownBy].join(', '),
      missing,
    ])
    return `## ${title}\n\n${table(['control', 'about', 'status', 'shown by', 'cannot be shown here'], rows)}`
  })
  const statuses = Object.entries(STATUSES).map(([status, says]) => `**${status}** ${says}`)
  return page(
    'Controls and evidence questions',
    `What is evidence about which control, and what cannot be shown: ${statuses.join(' · ')}. Never a verdict. Ids are those of the publishers, words are ours; the official texts count.`,
    [`## Questions\n\nR records, S store, L audit log.\n\n${questions}`, ...frameworks],
  )
}

function page(title: string, lead: string, parts: readonly string[]): string {
  return `# ${title}\n\n<!-- Written by \`npm run docs\` from the tables in the code. -->\n\n${[lead, ...parts].join('\n\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}

function optionName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  for (const [path, text] of Object.entries(referencePages())) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

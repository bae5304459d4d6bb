import { useQuery } from '@tanstack/react-query'
import { makeReport, readReports, type ReportKind } from '../api/reports.ts'
import { short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { type Answers, AskDialog, filled } from '../parts/ask-dialog.tsx'
import { ListBox } from './list-box.tsx'
import { PageHead } from './page-head.tsx'
import styles from './reports.module.css'
import { usePageWindow } from './window.tsx'

/** Answers to hand on: which there are, and each of them as a file. */
export function ReportsPage() {
  const query = useQuery({ queryKey: ['reports'], queryFn: ({ signal }) => readReports(signal), staleTime: Infinity })
  const columns = t.reports.columns
  return (
    <>
      <PageHead title={t.reports.title} hasTime />
      <ListBox
        title={t.reports.list}
        hint={t.reports.hint}
        query={query}
        empty={t.reports.none}
        keyOf={({ name }) => name}
        columns={[
          { name: columns.report, cell: (kind) => <Get kind={kind} /> },
          { name: columns.answers, cell: ({ answers }) => answers },
          { name: columns.reader, cell: ({ reader }) => t.reports.readers[reader] ?? reader },
        ]}
      />
    </>
  )
}

function Get({ kind }: { readonly kind: ReportKind }) {
  const { window } = usePageWindow()
  return (
    <span className={styles['get']}>
      <AskDialog
        title={kind.title}
        act={t.reports.get}
        text={t.reports.text}
        fields={[
          {
            name: 'format',
            label: t.reports.form,
            kind: 'choice',
            choices: kind.forms.map(({ name, what }) => ({ key: name, text: `${name.toUpperCase()}: ${what}` })),
          },
          {
            name: 'window',
            label: t.reports.window,
            kind: 'choice',
            choices: [
              { key: 'own', text: t.reports.own(kind.days) },
              { key: 'page', text: t.reports.page },
            ],
          },
          ...kind.params.map(({ name, what, needed, default: value }) => ({
            name,
            label: t.reports.params[name] ?? what,
            kind: 'line' as const,
            isOptional: !needed,
            ...(value === undefined ? {} : { value: String(value) }),
          })),
        ]}
        run={async (answers) => {
          const file = await makeReport(kind.name, bodyOf(answers, window))
          save(file)
          return file
        }}
        said={({ name, content }) => t.reports.done(name, short(content.size))}
        refresh={[]}
      />
    </span>
  )
}

function bodyOf(answers: Answers, { from, to }: { readonly from: number; readonly to: number }): object {
  const { window: which, days, ...rest } = filled(answers)
  return { ...rest, ...(which === 'page' ? { from, to } : {}), ...(days === undefined ? {} : { days: Number(days) }) }
}

/** Hands a file to the browser, as a link to it would. */
function save({ name, content }: { readonly name: string; readonly content: Blob }): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), FORGET_MS)
}

/** The browser has begun to save by then. */
const FORGET_MS = 60_000

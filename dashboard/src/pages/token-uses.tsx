import { Link } from '@tanstack/react-router'
import type { PlaceRow, QuestionName, ScopeRow } from '../api/types.ts'
import { count, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { BarList } from '../parts/bar-list.tsx'
import { Panel } from '../parts/panel.tsx'
import { Empty } from '../parts/states.tsx'
import { type Column, Table } from '../parts/table.tsx'
import styles from './token.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

interface OfToken {
  readonly id: string
  readonly className: string | undefined
}

const ROWS = 12
const nothing = <Empty title={t.states.emptyPlain} height={100} />

/** From where it was used. */
export function PlacesPanel({ id, className }: OfToken) {
  const { window } = usePageWindow()
  const query = useAsk('places-of-token', { ...window, token: id, limit: ROWS })
  return (
    <Panel className={className} title={t.token.places} query={query} height={200} flush empty={nothing}>
      {(answer) => (
        <Table label={t.token.places} columns={placeColumns(id, answer.watermark)} rows={answer.rows} keyOf={keyOfPlace} />
      )}
    </Panel>
  )
}

/** Who still tries it although it has ended. */
export function AfterEndPanel({ id, className }: OfToken) {
  const { window } = usePageWindow()
  const query = useAsk('uses-after-end', { ...window, token: id })
  return (
    <Panel
      className={className}
      title={t.token.afterEnd}
      hint={query.data?.rows.length ? t.token.afterEndHint : undefined}
      query={query}
      height={80}
      flush
      empty={<Empty title={t.token.afterEndNone} />}
    >
      {(answer) => (
        <Table label={t.token.afterEnd} columns={placeColumns(id, answer.watermark)} rows={answer.rows} keyOf={keyOfPlace} />
      )}
    </Panel>
  )
}

type UseQuestion = Extract<QuestionName, 'routes-of-token' | 'services-of-token' | 'agents-of-token'>

/** How often it was used, by one label. */
export function UsePanel({
  id,
  className,
  question,
  title,
  head,
}: OfToken & { readonly question: UseQuestion; readonly title: string; readonly head: string }) {
  const { window } = usePageWindow()
  const query = useAsk(question, { ...window, token: id, limit: ROWS })
  return (
    <Panel className={className} title={title} query={query} height={120} empty={nothing}>
      {(answer) => (
        <BarList
          label={title}
          head={[head, t.columns.attempts]}
          items={answer.rows.map((row) => ({
            key: row.name,
            name: row.name || '–',
            value: row.attempts,
            text: row.failed > 0 ? t.token.withFailed(short(row.attempts), short(row.failed)) : short(row.attempts),
            title: count(row.attempts),
          }))}
        />
      )}
    </Panel>
  )
}

/** What it may do against what it does. */
export function ScopesPanel({ id, className }: OfToken) {
  const { window } = usePageWindow()
  const query = useAsk('scopes-of-token', { ...window, token: id })
  return (
    <Panel className={className} title={t.token.scopes} query={query} height={120} flush empty={nothing}>
      {(answer) => (
        <Table label={t.token.scopes} columns={scopeColumns(answer.watermark)} rows={answer.rows} keyOf={({ name }) => name} />
      )}
    </Panel>
  )
}

function scopeColumns(now: number): readonly Column<ScopeRow>[] {
  return [
    { name: t.columns.scope, cell: ({ name }) => <code>{name}</code> },
    { name: t.columns.state, cell: (row) => <ScopeWord row={row} /> },
    { name: t.columns.attempts, isNumber: true, cell: ({ attempts }) => short(attempts) },
    { name: t.columns.failed, isNumber: true, cell: ({ failed }) => short(failed) },
    { name: t.columns.last, isNumber: true, cell: ({ lastAt }) => (lastAt === null ? '–' : ago(lastAt, Math.max(now, lastAt))) },
  ]
}

function ScopeWord({ row }: { readonly row: ScopeRow }) {
  if (!row.granted) return <span className={styles['missing']}>{t.token.scopesMissing}</span>
  return row.attempts > 0 ? t.token.scopesUsed : <span className={styles['unused']}>{t.token.scopesUnused}</span>
}

function keyOfPlace(row: PlaceRow): string {
  return [row.network, row.asn, row.country, row.client].join('/')
}

function placeColumns(id: string, now: number): readonly Column<PlaceRow>[] {
  return [
    {
      name: t.columns.network,
      cell: ({ network }) => (
        <Link to="/events" search={(search) => ({ ...search, token: id, network })}>
          <code>{network}</code>
        </Link>
      ),
    },
    {
      name: t.columns.where,
      cell: ({ country, asn }) => [country, asn > 0 ? `AS${asn}` : ''].filter(Boolean).join(' · ') || '–',
    },
    { name: t.columns.client, cell: ({ client }) => client || '–' },
    { name: t.columns.attempts, isNumber: true, cell: ({ attempts }) => short(attempts) },
    { name: t.columns.failed, isNumber: true, cell: ({ failed }) => short(failed) },
    { name: t.columns.first, isNumber: true, cell: ({ firstAt }) => ago(firstAt, Math.max(now, firstAt)) },
    { name: t.columns.last, isNumber: true, cell: ({ lastAt }) => ago(lastAt, Math.max(now, lastAt)) },
  ]
}

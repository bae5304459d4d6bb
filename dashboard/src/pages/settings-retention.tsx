import { useQuery } from '@tanstack/react-query'
import { isAsked } from '../api/approvals.ts'
import {
  changeRetention,
  type Hold,
  readDue,
  readHolds,
  readRetention,
  readRuns,
  releaseHold,
  type RetentionRules,
  setHold,
  type Went,
} from '../api/retention.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { AskDialog, type AskField, filled } from '../parts/ask-dialog.tsx'
import { Box } from '../parts/box.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import type { Column } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import styles from './settings.module.css'

const texts = t.settings.retention
const GROUND: AskField = { name: 'ground', label: t.settings.ground, kind: 'text' }
const APPROVAL: AskField = { name: 'approval', label: t.settings.approval, kind: 'line', isOptional: true }

/** How long what is kept, what is held, what goes next and what went. */
export function SettingsRetention() {
  return (
    <>
      <Rules />
      <Holds />
      <Due />
      <Runs />
    </>
  )
}

function Rules() {
  const { data, error, refetch } = useQuery({ queryKey: ['retention'], queryFn: ({ signal }) => readRetention(signal) })
  return (
    <Box title={texts.rules} hint={texts.rulesHint} actions={data && <ChangeDialog rules={data} />}>
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading height={80} />}
      {data && (
        <dl className={styles['facts']}>
          {(['events', 'sealedValues', 'tombstones'] as const).map((name) => (
            <div key={name}>
              <dt>{texts.rule[name]}</dt>
              <dd>{texts.days(count(data[name]))}</dd>
            </div>
          ))}
        </dl>
      )}
    </Box>
  )
}

function ChangeDialog({ rules: { events, sealedValues, tombstones } }: { readonly rules: RetentionRules }) {
  return (
    <AskDialog
      title={texts.change}
      text={texts.changeText}
      fields={[
        { name: 'events', label: texts.eventsDays, kind: 'line', value: String(events) },
        { name: 'sealedValues', label: texts.sealedDays, kind: 'line', value: String(sealedValues) },
        { name: 'tombstones', label: texts.tombstoneDays, kind: 'line', value: String(tombstones) },
        GROUND,
        APPROVAL,
      ]}
      run={({ events: days, sealedValues: sealed, tombstones: ended, ...rest }) =>
        changeRetention({ ...filled(rest), events: Number(days), sealedValues: Number(sealed), tombstones: Number(ended) })
      }
      said={(done) => (isAsked(done) ? t.settings.asked : texts.changed(count(done.events)))}
      refresh={['retention']}
    />
  )
}

function Holds() {
  const time = useTimeFormat()
  const query = useQuery({ queryKey: ['holds'], queryFn: ({ signal }) => readHolds(signal) })
  const columns = texts.holdColumns
  return (
    <ListBox
      title={texts.holds}
      hint={texts.holdsHint}
      query={query}
      empty={texts.noHolds}
      actions={<SetDialog />}
      keyOf={({ id }) => id}
      columns={[
        { name: columns.about, cell: aboutOf },
        { name: columns.why, cell: ({ ground }) => ground },
        { name: columns.state, cell: ({ state }) => texts.holdState[state] },
        { name: columns.until, cell: ({ endsAt }) => time.day(Date.parse(endsAt)) },
        { name: columns.change, cell: ({ id, state }) => (state === 'active' ? <ReleaseDialog id={id} /> : '') },
      ]}
    />
  )
}

function aboutOf({ owner, token }: Hold): string {
  if (owner !== null) return texts.aboutOwner(owner)
  return token === null ? texts.whole : texts.aboutToken(token)
}

function SetDialog() {
  return (
    <AskDialog
      title={texts.set}
      text={texts.setText}
      fields={[
        { name: 'owner', label: texts.owner, kind: 'line', isOptional: true },
        { name: 'token', label: texts.token, kind: 'line', isOptional: true },
        { name: 'endsAt', label: texts.endsAt, kind: 'date' },
        GROUND,
        APPROVAL,
      ]}
      run={({ endsAt = '', ...rest }) => setHold({ ...filled(rest), endsAt: new Date(endsAt).toISOString() })}
      said={(done) => (isAsked(done) ? t.settings.asked : texts.wasSet)}
      refresh={['holds']}
    />
  )
}

function ReleaseDialog({ id }: { readonly id: string }) {
  return (
    <AskDialog
      title={texts.release}
      text={texts.releaseText}
      fields={[GROUND, APPROVAL]}
      run={(answers) => releaseHold(id, filled(answers))}
      said={(done) => (isAsked(done) ? t.settings.asked : texts.released)}
      refresh={['holds']}
    />
  )
}

function Due() {
  const query = useQuery({ queryKey: ['retention', 'due'], queryFn: ({ signal }) => readDue(signal) })
  const columns = useWentColumns()
  return (
    <ListBox
      title={texts.due}
      hint={texts.dueHint}
      query={query}
      empty={texts.noDue}
      keyOf={({ class: of, cut }) => `${of} ${cut}`}
      columns={columns}
    />
  )
}

function Runs() {
  const time = useTimeFormat()
  const query = useQuery({ queryKey: ['retention', 'runs'], queryFn: ({ signal }) => readRuns(signal) })
  const columns = useWentColumns()
  return (
    <ListBox
      title={texts.runs}
      hint={texts.runsHint}
      query={query}
      empty={texts.noRuns}
      keyOf={({ event }) => event}
      columns={[{ name: texts.columns.at, cell: ({ at }) => time.short(Date.parse(at)) }, ...columns]}
    />
  )
}

function useWentColumns(): readonly Column<Went>[] {
  const time = useTimeFormat()
  const { columns } = texts
  return [
    { name: columns.class, cell: ({ class: of, shared }) => (shared ? texts.shared(of) : of) },
    { name: columns.cut, cell: ({ cut }) => time.day(Date.parse(cut)) },
    { name: columns.rows, isNumber: true, cell: ({ rows }) => count(rows) },
    { name: columns.keys, isNumber: true, cell: ({ keys }) => count(keys) },
    { name: columns.held, isNumber: true, cell: ({ held }) => count(held) },
  ]
}

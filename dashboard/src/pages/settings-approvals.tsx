import { useQuery } from '@tanstack/react-query'
import { type Approval, decideApproval, readApprovals } from '../api/approvals.ts'
import { t } from '../format/strings.ts'
import { duration } from '../format/time.ts'
import { AskDialog } from '../parts/ask-dialog.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import styles from './settings.module.css'

const EVERY_MS = 15_000
const texts = t.settings.approvals

/** What waits for a second person, and what became of the rest. */
export function SettingsApprovals() {
  const time = useTimeFormat()
  const query = useQuery({
    queryKey: ['approvals'],
    queryFn: ({ signal }) => readApprovals(signal),
    refetchInterval: EVERY_MS,
  })
  return (
    <ListBox
      title={texts.title}
      hint={texts.hint}
      query={query}
      empty={texts.empty}
      keyOf={({ id }) => id}
      columns={[
        {
          name: texts.columns.asked,
          cell: ({ requestedAt, requester }) => (
            <span className={styles['cell']}>
              {time.short(Date.parse(requestedAt))}
              {requester && <span className={styles['quiet']}>{texts.by(requester)}</span>}
            </span>
          ),
        },
        { name: texts.columns.what, cell: (approval) => <What approval={approval} /> },
        { name: texts.columns.why, cell: ({ ground }) => ground },
        { name: texts.columns.state, cell: (approval) => <State approval={approval} /> },
        {
          name: texts.columns.decide,
          cell: (approval) => (approval.state === 'requested' ? <Decide approval={approval} /> : ''),
        },
      ]}
    />
  )
}

function What({ approval: { action, params } }: { readonly approval: Approval }) {
  return (
    <span className={styles['cell']}>
      {action}
      <span className={styles['code']}>{JSON.stringify(params)}</span>
    </span>
  )
}

function State({ approval: { state, lapsesAt, note } }: { readonly approval: Approval }) {
  const left = Date.parse(lapsesAt) - Date.now()
  return (
    <span className={styles['cell']}>
      {texts.state[state] ?? state}
      {state === 'requested' && left > 0 && <span className={styles['quiet']}>{texts.lapses(duration(left))}</span>}
      {note && <span className={styles['quiet']}>{note}</span>}
    </span>
  )
}

function Decide({ approval: { id } }: { readonly approval: Approval }) {
  const note = { name: 'note', label: texts.note, kind: 'line', isOptional: true } as const
  return (['give', 'refuse'] as const).map((word) => (
    <AskDialog
      key={word}
      title={texts[word]}
      text={texts[`${word}Text`]}
      fields={[note]}
      run={({ note: text = '' }) => decideApproval(id, word, text)}
      said={({ state }) => texts.decided(texts.state[state] ?? state)}
      refresh={['approvals']}
    />
  ))
}

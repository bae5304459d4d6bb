import { useQuery } from '@tanstack/react-query'
import { beginFactor, endSession, proveFactor, readFactor, readSessions, removeFactor } from '../api/people.ts'
import { t } from '../format/strings.ts'
import { AskDialog, type AskField } from '../parts/ask-dialog.tsx'
import { Box } from '../parts/box.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import styles from './settings.module.css'

const texts = t.settings.access
const CODE: AskField = { name: 'code', label: texts.factorCode, kind: 'line' }

/** The reader's open sessions; each can be ended. */
export function OwnSessions() {
  const time = useTimeFormat()
  const query = useQuery({ queryKey: ['sessions'], queryFn: ({ signal }) => readSessions(signal) })
  const columns = texts.sessionColumns
  return (
    <ListBox
      title={texts.sessions}
      query={query}
      empty={texts.noSessions}
      keyOf={({ id }) => id}
      columns={[
        { name: columns.since, cell: ({ createdAt }) => time.short(Date.parse(createdAt)) },
        { name: columns.until, cell: ({ expiresAt }) => time.short(Date.parse(expiresAt)) },
        {
          name: columns.end,
          cell: ({ id, current }) =>
            current ? (
              texts.current
            ) : (
              <AskDialog
                title={texts.end}
                text={texts.endText}
                fields={[]}
                run={() => endSession(id)}
                said={() => texts.ended}
                refresh={['sessions']}
              />
            ),
        },
      ]}
    />
  )
}

/** The reader's second factor. */
export function OwnFactor() {
  const { data } = useQuery({ queryKey: ['factor'], queryFn: ({ signal }) => readFactor(signal) })
  if (!data) return null
  return (
    <Box title={texts.factorTitle}>
      <p className={styles['said']}>{data.active ? texts.factorOn : texts.factorOff}</p>
      <div className={styles['buttons']}>
        {!data.active && (
          <AskDialog
            title={texts.factorBegin}
            text={texts.factorBeginText}
            fields={[]}
            run={beginFactor}
            said={({ secret }) => texts.factorSecret(secret)}
            refresh={['factor']}
          />
        )}
        <AskDialog
          title={texts.factorProve}
          text={texts.factorProveText}
          fields={[CODE]}
          run={({ code = '' }) => proveFactor(code)}
          said={() => texts.factorProved}
          refresh={['factor']}
        />
        {data.active && (
          <AskDialog
            title={texts.factorRemove}
            text={texts.factorRemoveText}
            look="danger"
            fields={[CODE]}
            run={({ code = '' }) => removeFactor(code)}
            said={() => texts.factorRemoved}
            refresh={['factor']}
          />
        )}
      </div>
    </Box>
  )
}

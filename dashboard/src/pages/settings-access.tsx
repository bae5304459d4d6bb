import { queryOptions, useQuery } from '@tanstack/react-query'
import { isAsked } from '../api/approvals.ts'
import { type Grant, grantRole, type Person, readPeople, removeRole, type Separation, setSeparation } from '../api/people.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { AskDialog, type AskField } from '../parts/ask-dialog.tsx'
import { Box } from '../parts/box.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import { SettingsApprovals } from './settings-approvals.tsx'
import { OwnFactor, OwnSessions } from './settings-own.tsx'
import styles from './settings.module.css'

const texts = t.settings.access
const GROUND: AskField = { name: 'ground', label: t.settings.ground, kind: 'text' }
const APPROVAL: AskField = { name: 'approval', label: t.settings.approval, kind: 'line', isOptional: true }
const ROLES = ['viewer', 'analyst', 'responder', 'token_admin', 'admin', 'auditor', 'privacy_officer', 'log_custodian'] as const

const PEOPLE = queryOptions({ queryKey: ['people'], queryFn: ({ signal }) => readPeople(signal) })

/** Who may do what, what waits for a second person, and the reader's own sessions and second factor. */
export function SettingsAccess() {
  const query = useQuery(PEOPLE)
  return (
    <>
      {query.data && <Duties separation={query.data.separation} />}
      <SettingsApprovals />
      <PeopleBox />
      <OwnSessions />
      <OwnFactor />
    </>
  )
}

function Duties({ separation }: { readonly separation: Separation }) {
  const isWaived = separation === 'waived'
  return (
    <Box
      title={texts.duties}
      actions={
        <AskDialog
          title={isWaived ? texts.enforce : texts.waive}
          text={isWaived ? texts.enforceText : texts.waiveText}
          look={isWaived ? 'plain' : 'danger'}
          fields={[GROUND]}
          run={({ ground = '' }) => setSeparation(isWaived ? 'enforced' : 'waived', ground)}
          said={({ separation: now }) => texts.duty[now]}
          refresh={['people']}
        />
      }
    >
      <p className={styles['said']}>{texts.state[separation]}</p>
    </Box>
  )
}

function PeopleBox() {
  const query = useQuery({ ...PEOPLE, select: ({ people }) => people })
  const { columns } = texts
  return (
    <ListBox
      title={texts.people}
      hint={texts.peopleHint}
      query={query}
      empty={texts.noPeople}
      actions={<GrantDialog />}
      keyOf={({ owner }) => owner}
      columns={[
        { name: columns.who, cell: ({ owner, name }) => <Who owner={owner} name={name} /> },
        { name: columns.roles, cell: (person) => <Roles person={person} /> },
        { name: columns.factor, cell: ({ secondFactor }) => (secondFactor ? texts.factor.yes : texts.factor.no) },
        { name: columns.sessions, isNumber: true, cell: ({ sessions }) => count(sessions) },
        { name: columns.change, cell: ({ grants }) => <RemoveDialog grants={grants.filter(({ over }) => !over)} /> },
      ]}
    />
  )
}

function Who({ owner, name }: { readonly owner: string; readonly name: string | null }) {
  return (
    <span className={styles['cell']}>
      {name ?? owner}
      {name && <span className={styles['quiet']}>{owner}</span>}
    </span>
  )
}

function Roles({ person: { grants, conflicts, overdueReviews } }: { readonly person: Person }) {
  return (
    <span className={styles['cell']}>
      {grants
        .filter(({ over }) => !over)
        .map((grant) => (
          <span key={grant.id}>
            {grant.role} <GrantNotes grant={grant} />
          </span>
        ))}
      {conflicts.map((pair) => (
        <span key={pair.join()} className={styles['wrong']}>
          {texts.conflict(pair.join(', '))}
        </span>
      ))}
      {overdueReviews.length > 0 && <span className={styles['wrong']}>{texts.overdue}</span>}
    </span>
  )
}

function GrantNotes({ grant: { until, period, breakGlass } }: { readonly grant: Grant }) {
  const time = useTimeFormat()
  const day = (text: string): string => time.day(Date.parse(text))
  const notes = [
    until && texts.until(day(until)),
    period && texts.period(day(period.from), day(period.to)),
    breakGlass && texts.emergency,
  ].filter(Boolean)
  return notes.length > 0 ? <span className={styles['quiet']}>{notes.join(', ')}</span> : null
}

function GrantDialog() {
  return (
    <AskDialog
      title={texts.grant}
      text={texts.grantText}
      fields={[
        { name: 'token', label: texts.token, kind: 'line' },
        { name: 'role', label: texts.role, kind: 'choice', choices: ROLES.map((key) => ({ key, text: key })) },
        { name: 'until', label: texts.untilField, kind: 'date', isOptional: true },
        GROUND,
        APPROVAL,
      ]}
      run={({ until, approval, ...rest }) =>
        grantRole({ ...rest, ...(until ? { until: new Date(until).toISOString() } : {}), ...(approval ? { approval } : {}) })
      }
      said={(done) => (isAsked(done) ? t.settings.asked : texts.granted(done.role))}
      refresh={['people']}
    />
  )
}

function RemoveDialog({ grants }: { readonly grants: readonly Grant[] }) {
  if (grants.length === 0) return null
  return (
    <AskDialog
      title={texts.remove}
      text={texts.removeText}
      fields={[
        { name: 'grant', label: texts.which, kind: 'choice', choices: grants.map(({ id, role }) => ({ key: id, text: role })) },
        GROUND,
      ]}
      run={({ grant = '', ground = '' }) => removeRole(grant, ground)}
      said={() => texts.removed}
      refresh={['people']}
    />
  )
}

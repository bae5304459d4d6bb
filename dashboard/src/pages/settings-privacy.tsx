import { useMutation, useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { isAsked } from '../api/approvals.ts'
import { eraseSubject, lookUp, readErasures, readRestrictions, restrictSubject, subjectExport } from '../api/privacy.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { AskDialog, type AskField, filled } from '../parts/ask-dialog.tsx'
import { Box } from '../parts/box.tsx'
import { Button } from '../parts/button.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Failed } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import styles from './settings.module.css'

const texts = t.settings.privacy
const OWNER: AskField = { name: 'owner', label: texts.owner, kind: 'line' }
const GROUND: AskField = { name: 'ground', label: t.settings.ground, kind: 'text' }
const APPROVAL: AskField = { name: 'approval', label: t.settings.approval, kind: 'line', isOptional: true }

/** What a person may ask for, what was done about it, and the way from an address to its numbers. */
export function SettingsPrivacy() {
  return (
    <>
      <Requests />
      <Erasures />
      <Restrictions />
      <LookUp />
    </>
  )
}

function Requests() {
  const time = useTimeFormat()
  return (
    <Box title={texts.requests} hint={texts.requestsHint}>
      <p className={styles['said']}>{texts.requestsText}</p>
      <div className={styles['buttons']}>
        <AskDialog
          title={texts.export}
          text={texts.exportText}
          fields={[OWNER]}
          run={async ({ owner = '' }) => location.assign(subjectExport(owner))}
          said={() => texts.exported}
          refresh={['subjects']}
        />
        <AskDialog
          title={texts.restrict}
          text={texts.restrictText}
          fields={[OWNER, GROUND]}
          run={({ owner = '', ground = '' }) => restrictSubject(owner, true, ground)}
          said={() => texts.restricted}
          refresh={['subjects']}
        />
        <AskDialog
          title={texts.erase}
          text={texts.eraseText}
          look="danger"
          fields={[OWNER, GROUND, { name: 'endTokens', label: texts.endTokens, kind: 'tick' }, APPROVAL]}
          run={({ owner = '', endTokens, ...rest }) => eraseSubject(owner, { ...filled(rest), endTokens: endTokens === 'yes' })}
          said={(done) =>
            isAsked(done) ? t.settings.asked : texts.erased(count(done.values), time.day(Date.parse(done.deadInBackupsFrom)))
          }
          refresh={['subjects']}
        />
      </div>
    </Box>
  )
}

function Erasures() {
  const time = useTimeFormat()
  const query = useQuery({ queryKey: ['subjects', 'erasures'], queryFn: ({ signal }) => readErasures(signal) })
  const columns = texts.erasureColumns
  return (
    <ListBox
      title={texts.erasures}
      query={query}
      empty={texts.noErasures}
      keyOf={({ id }) => id}
      columns={[
        { name: columns.at, cell: ({ begunAt }) => time.short(Date.parse(begunAt)) },
        { name: columns.state, cell: ({ state }) => texts.erasureState[state] },
        { name: columns.values, isNumber: true, cell: ({ values }) => count(values) },
        { name: columns.kept, cell: ({ kept }) => kept.map(({ class: of, ground }) => `${of}: ${ground}`).join('; ') || '–' },
        { name: columns.dead, cell: ({ deadInBackupsFrom }) => time.day(Date.parse(deadInBackupsFrom)) },
      ]}
    />
  )
}

function Restrictions() {
  const time = useTimeFormat()
  const query = useQuery({ queryKey: ['subjects', 'restrictions'], queryFn: ({ signal }) => readRestrictions(signal) })
  const columns = texts.restrictionColumns
  return (
    <ListBox
      title={texts.restrictions}
      query={query}
      empty={texts.noRestrictions}
      keyOf={({ owner }) => owner}
      columns={[
        { name: columns.owner, cell: ({ owner }) => owner },
        { name: columns.since, cell: ({ at }) => time.short(Date.parse(at)) },
        { name: columns.why, cell: ({ ground }) => ground },
        {
          name: texts.free,
          cell: ({ owner }) => (
            <AskDialog
              title={texts.free}
              text={texts.freeText}
              fields={[GROUND]}
              run={({ ground = '' }) => restrictSubject(owner, false, ground)}
              said={() => texts.freed}
              refresh={['subjects']}
            />
          ),
        },
      ]}
    />
  )
}

/** The answer stays on the page and nowhere else: an address of a person does not belong into a URL. */
function LookUp() {
  const time = useTimeFormat()
  const { mutate, data, error, isPending } = useMutation({ mutationFn: lookUp })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    mutate(filled({ address: textOf(form, 'address'), ground: textOf(form, 'ground') }))
  }
  return (
    <Box title={texts.look} hint={texts.lookHint}>
      <p className={styles['said']}>{texts.lookText}</p>
      <form className={`${dialogStyles['form']} ${styles['form']}`} onSubmit={submit}>
        <label className={dialogStyles['field']}>
          {texts.address}
          <input type="text" name="address" maxLength={64} autoComplete="off" required />
        </label>
        <label className={dialogStyles['field']}>
          {t.settings.ground}
          <input type="text" name="ground" maxLength={500} required />
        </label>
        <div className={styles['buttons']}>
          <Button type="submit" isDisabled={isPending}>
            {texts.look}
          </Button>
        </div>
      </form>
      {error && <Failed error={error} />}
      {data && isAsked(data) && <p role="status">{t.settings.asked}</p>}
      {data && !isAsked(data) && data.pseudonyms.length === 0 && <p role="status">{texts.lookEmpty}</p>}
      {data && !isAsked(data) && data.pseudonyms.length > 0 && (
        <Table
          label={texts.look}
          rows={data.pseudonyms}
          keyOf={({ domain, value }) => `${domain} ${value}`}
          columns={[
            { name: texts.lookColumns.domain, cell: ({ domain }) => domain },
            { name: texts.lookColumns.value, cell: ({ value }) => <code>{value}</code> },
            { name: texts.lookColumns.until, cell: ({ until }) => (until ? time.day(Date.parse(until)) : '–') },
          ]}
        />
      )}
    </Box>
  )
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

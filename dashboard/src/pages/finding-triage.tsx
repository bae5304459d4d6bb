import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type FindingDetail, triageFinding, type Triage, type Verdict } from '../api/findings.ts'
import { t } from '../format/strings.ts'
import { Box } from '../parts/box.tsx'
import { Button } from '../parts/button.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Failed } from '../parts/states.tsx'
import { SuppressDialog } from './finding-suppress.tsx'
import styles from './finding.module.css'
import { useSession } from './session.ts'
import { FINDINGS_KEY } from './use-findings.ts'

const VERDICTS = Object.keys(t.verdict) as Verdict[]

/** What people make of it: taken into review, closed with a verdict, opened again, or suppressed. */
export function TriageBox({ finding }: { readonly finding: FindingDetail }) {
  const mayJudge = useSession().data?.principal.permissions.includes('findings:write') ?? false
  const [isSuppressing, setSuppressing] = useState(false)
  const { mutate, isPending, error } = useTriage(finding.id)
  return (
    <Box title={t.finding.triage} hint={t.findingState[finding.state]}>
      <Judged finding={finding} />
      {!mayJudge && <p className={styles['quiet']}>{t.finding.triageOnly}</p>}
      {error && <Failed error={error} />}
      {mayJudge && (
        <>
          <VerdictForm key={finding.id} note={finding.note ?? ''} isPending={isPending} onJudge={mutate} />
          <div className={styles['buttons']}>
            {finding.state === 'open' && (
              <Button isDisabled={isPending} onPress={() => mutate({ state: 'acknowledged' })}>
                {t.finding.acknowledge}
              </Button>
            )}
            {finding.state !== 'open' && (
              <Button isDisabled={isPending} onPress={() => mutate({ state: 'open' })}>
                {t.finding.reopen}
              </Button>
            )}
            <Button onPress={() => setSuppressing(true)}>{t.finding.suppress}</Button>
          </div>
          <SuppressDialog finding={finding} isOpen={isSuppressing} onClose={() => setSuppressing(false)} />
        </>
      )}
    </Box>
  )
}

function Judged({ finding: { state, verdict, note } }: { readonly finding: FindingDetail }) {
  if (state !== 'closed' && !note) return null
  return (
    <p role="status" className={styles['judged']}>
      {state === 'closed' && verdict && <b>{t.finding.closedAs(t.verdict[verdict])}</b>} {note}
    </p>
  )
}

interface FormProps {
  readonly note: string
  readonly isPending: boolean
  readonly onJudge: (triage: Triage) => void
}

function VerdictForm({ note, isPending, onJudge }: FormProps) {
  const [verdict, setVerdict] = useState<Verdict>()
  const [text, setText] = useState(note)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (verdict) onJudge({ state: 'closed', verdict, note: text.trim() === '' ? null : text.trim() })
  }
  return (
    <form className={dialogStyles['form']} onSubmit={submit}>
      <fieldset className={styles['verdicts']}>
        <legend>{t.finding.verdict}</legend>
        {VERDICTS.map((name) => (
          <label key={name} title={t.verdictHint[name]}>
            <input type="radio" name="verdict" value={name} checked={verdict === name} onChange={() => setVerdict(name)} />
            {t.verdict[name]}
          </label>
        ))}
      </fieldset>
      {verdict && <p className={styles['quiet']}>{t.verdictHint[verdict]}</p>}
      <label className={dialogStyles['field']}>
        {t.finding.note}
        <textarea
          rows={2}
          maxLength={1000}
          placeholder={t.finding.noteHint}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <Button type="submit" look="primary" isDisabled={isPending || verdict === undefined}>
        {isPending ? t.token.working : t.finding.close}
      </Button>
    </form>
  )
}

function useTriage(id: string) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (triage: Triage) => triageFinding(id, triage),
    onSuccess: () => cache.invalidateQueries({ queryKey: FINDINGS_KEY }),
  })
}

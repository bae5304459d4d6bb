import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { type FindingDetail, suppressFinding, type SuppressWish } from '../api/findings.ts'
import { t } from '../format/strings.ts'
import { DAY } from '../format/window.ts'
import { Button } from '../parts/button.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Failed } from '../parts/states.tsx'
import { subjectText } from './finding-row.tsx'
import { FINDINGS_KEY } from './use-findings.ts'

/** Puts such findings to rest, with a reason and an end. */
export function SuppressDialog({ finding, isOpen, onClose }: DialogProps) {
  return (
    <ModalOverlay className={dialogStyles['overlay']} isOpen={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Modal className={dialogStyles['modal']}>
        <Dialog className={dialogStyles['dialog']}>
          <SuppressForm finding={finding} onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

interface DialogProps {
  readonly finding: FindingDetail
  readonly isOpen: boolean
  readonly onClose: () => void
}

function SuppressForm({ finding, onClose }: Omit<DialogProps, 'isOpen'>) {
  const cache = useQueryClient()
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: (wish: SuppressWish) => suppressFinding(finding.id, wish),
    onSuccess: () => cache.invalidateQueries({ queryKey: FINDINGS_KEY }),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    mutate(wishOf(new FormData(event.currentTarget)))
  }
  if (data) return <Suppressed waits={data.suppression.state !== 'active'} onClose={onClose} />
  return (
    <form className={dialogStyles['form']} onSubmit={submit}>
      <Heading slot="title">{t.finding.suppressTitle}</Heading>
      <p>{t.finding.suppressText}</p>
      <label className={dialogStyles['field']}>
        {t.finding.suppressWhat}
        <select name="what">
          {choicesOf(finding).map(([key, text]) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label className={dialogStyles['field']}>
        {t.finding.suppressFor}
        <select name="days" defaultValue="7">
          {Object.entries(t.finding.suppressDays).map(([days, text]) => (
            <option key={days} value={days}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label className={dialogStyles['field']}>
        {t.finding.suppressReason}
        <textarea name="reason" rows={2} maxLength={500} required />
      </label>
      {error && <Failed error={error} />}
      <div className={dialogStyles['buttons']}>
        <Button onPress={onClose}>{t.token.cancel}</Button>
        <Button type="submit" look="primary" isDisabled={isPending}>
          {isPending ? t.token.working : t.finding.suppressTitle}
        </Button>
      </div>
    </form>
  )
}

function Suppressed({ waits, onClose }: { readonly waits: boolean; readonly onClose: () => void }) {
  return (
    <div className={dialogStyles['form']}>
      <Heading slot="title">{t.finding.suppressTitle}</Heading>
      <p role="status">{waits ? t.finding.waits : t.finding.suppressed}</p>
      <div className={dialogStyles['buttons']}>
        <Button look="primary" onPress={onClose}>
          {t.finding.done}
        </Button>
      </div>
    </div>
  )
}

/** Values that come again: those of moments and counts would match nothing. */
const LASTING = new Set(['text', 'network', 'owner', 'token'])

/** This subject; this subject with one value; any subject with that value. */
function choicesOf({ detector, subject, facts }: FindingDetail): readonly (readonly [string, string])[] {
  const about = subjectText(subject)
  const values = Object.entries(facts).filter(([, { as }]) => LASTING.has(as))
  return [
    ['subject', t.finding.suppressSubject(detector, about)],
    ...values.map(([name, { text }]) => [`subject ${name}`, t.finding.suppressFact(detector, about, `${name} ${text}`)] as const),
    ...values.map(([name, { text }]) => [`any ${name}`, t.finding.suppressValue(detector, `${name} ${text}`)] as const),
  ]
}

function wishOf(form: FormData): SuppressWish {
  const [scope, fact] = textOf(form, 'what').split(' ')
  return {
    reason: textOf(form, 'reason').trim(),
    until: new Date(Date.now() + Number(textOf(form, 'days')) * DAY).toISOString(),
    ...(fact === undefined ? {} : { fact }),
    ...(scope === 'any' ? { anySubject: true } : {}),
  }
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

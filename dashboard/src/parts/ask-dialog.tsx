import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { t } from '../format/strings.ts'
import { Button } from './button.tsx'
import dialogStyles from './dialog.module.css'
import { Failed } from './states.tsx'

/** One thing that a dialog asks for. */
export interface AskField {
  readonly name: string
  readonly label: string
  readonly kind: 'line' | 'text' | 'date' | 'choice' | 'tick'
  readonly choices?: readonly { readonly key: string; readonly text: string }[]
  readonly value?: string
  readonly isOptional?: boolean
}

export type Answers = Readonly<Record<string, string>>

/** A button that asks for what an action needs, says what it will do, does it, and says what came of it. */
export function AskDialog<Done>(props: AskDialogProps<Done>) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button look={props.look ?? 'plain'} onPress={() => setOpen(true)}>
        {props.title}
      </Button>
      <ModalOverlay className={dialogStyles['overlay']} isOpen={isOpen} onOpenChange={setOpen}>
        <Modal className={dialogStyles['modal']}>
          <Dialog className={dialogStyles['dialog']}>
            <AskForm {...props} onClose={() => setOpen(false)} />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  )
}

interface AskDialogProps<Done> {
  readonly title: string
  /** What the button that does it says, where it is not the title. */
  readonly act?: string
  readonly text: string
  readonly look?: 'plain' | 'primary' | 'danger'
  readonly fields: readonly AskField[]
  readonly run: (answers: Answers) => Promise<Done>
  /** What came of it, in a sentence. */
  readonly said: (done: Done) => string
  /** What is asked anew afterwards. */
  readonly refresh: readonly string[]
}

function AskForm<Done>({
  title,
  act = title,
  text,
  look,
  fields,
  run,
  said,
  refresh,
  onClose,
}: AskDialogProps<Done> & { onClose: () => void }) {
  const cache = useQueryClient()
  const { mutate, data, error, isPending, isSuccess } = useMutation({
    mutationFn: run,
    onSuccess: () => cache.invalidateQueries({ queryKey: [...refresh] }),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    mutate(answersOf(new FormData(event.currentTarget)))
  }
  if (isSuccess) {
    return (
      <div className={dialogStyles['form']}>
        <Heading slot="title">{title}</Heading>
        <p role="status">{said(data)}</p>
        <div className={dialogStyles['buttons']}>
          <Button look="primary" onPress={onClose}>
            {t.finding.done}
          </Button>
        </div>
      </div>
    )
  }
  return (
    <form className={dialogStyles['form']} onSubmit={submit}>
      <Heading slot="title">{title}</Heading>
      <p>{text}</p>
      {fields.map((field) => (
        <Field key={field.name} field={field} />
      ))}
      {error && <Failed error={error} />}
      <div className={dialogStyles['buttons']}>
        <Button onPress={onClose}>{t.token.cancel}</Button>
        <Button type="submit" look={look === 'danger' ? 'danger' : 'primary'} isDisabled={isPending}>
          {isPending ? t.token.working : act}
        </Button>
      </div>
    </form>
  )
}

function Field({ field: { name, label, kind, choices = [], value, isOptional = false } }: { readonly field: AskField }) {
  const shared = { name, defaultValue: value, required: !isOptional }
  if (kind === 'tick') {
    return (
      <label>
        <input type="checkbox" name={name} value="yes" /> {label}
      </label>
    )
  }
  return (
    <label className={dialogStyles['field']}>
      {label}
      {kind === 'line' && <input type="text" maxLength={200} {...shared} />}
      {kind === 'text' && <textarea rows={2} maxLength={500} {...shared} />}
      {kind === 'date' && <input type="date" {...shared} />}
      {kind === 'choice' && (
        <select {...shared}>
          {choices.map(({ key, text }) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
        </select>
      )}
    </label>
  )
}

/** What was filled in. */
export function filled(answers: Answers): Answers {
  return Object.fromEntries(Object.entries(answers).filter(([, text]) => text !== ''))
}

function answersOf(form: FormData): Answers {
  return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']))
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { actOnToken, type Token, type TokenAction, type TokenActionAnswer, type TokenActions as Bodies } from '../api/tokens.ts'
import { short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { CopyBlock } from '../parts/copy.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Failed } from '../parts/states.tsx'
import { useSession } from './session.ts'
import styles from './token.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

/** In which states each action makes sense; the server has the last word. */
const POSSIBLE: Readonly<Record<TokenAction, readonly Token['state'][]>> = {
  rotate: ['active'],
  suspend: ['active', 'in_grace', 'not_yet_valid'],
  resume: ['suspended'],
  revoke: ['active', 'in_grace', 'suspended', 'not_yet_valid'],
}

/** What can be done to the token now. Each asks once more, and says what it will break. */
export function TokenActions({ token }: { readonly token: Token }) {
  const mayWrite = useSession().data?.principal.permissions.includes('tokens:write') ?? false
  const [open, setOpen] = useState<TokenAction>()
  const possible = (Object.keys(POSSIBLE) as TokenAction[]).filter((action) => POSSIBLE[action].includes(token.state))
  if (!mayWrite) return <p className={styles['used']}>{t.token.actionsOnly}</p>
  return (
    <div className={styles['actions']} role="group" aria-label={t.token.actions}>
      {possible.map((action) => (
        <Button key={action} look={action === 'revoke' ? 'danger' : 'plain'} onPress={() => setOpen(action)}>
          {t.token[action]}
        </Button>
      ))}
      <ModalOverlay
        className={dialogStyles['overlay']}
        isOpen={open !== undefined}
        onOpenChange={(isOpen) => !isOpen && setOpen(undefined)}
      >
        <Modal className={dialogStyles['modal']}>
          <Dialog className={dialogStyles['dialog']}>
            {open && <ActionForm token={token} action={open} onDone={() => setOpen(undefined)} />}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </div>
  )
}

function ActionForm({
  token,
  action,
  onDone,
}: {
  readonly token: Token
  readonly action: TokenAction
  readonly onDone: () => void
}) {
  const { mutate, isPending, error, data } = useAction(token.id, action, onDone)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    mutate(BODIES[action](new FormData(event.currentTarget)))
  }
  if (data?.token) return <NewSecret answer={data} text={data.token} onDone={onDone} />
  return (
    <form className={dialogStyles['form']} onSubmit={submit}>
      <Heading slot="title">{t.token[`${action}Title`]}</Heading>
      <p>{t.token[`${action}Text`]}</p>
      {(action === 'revoke' || action === 'suspend') && <Callers id={token.id} />}
      {FIELDS[action]}
      {error && <Failed error={error} />}
      <div className={dialogStyles['buttons']}>
        <Button onPress={onDone}>{t.token.cancel}</Button>
        <Button type="submit" look={action === 'revoke' ? 'danger' : 'primary'} isDisabled={isPending}>
          {isPending ? t.token.working : t.token[action]}
        </Button>
      </div>
    </form>
  )
}

function useAction(id: string, action: TokenAction, onDone: () => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (body: Bodies[TokenAction]) => actOnToken(id, action, body),
    onSuccess: async (answer: TokenActionAnswer) => {
      await Promise.all([cache.invalidateQueries({ queryKey: ['token', id] }), cache.invalidateQueries({ queryKey: ['tokens'] })])
      await cache.invalidateQueries({ queryKey: ['ask', 'token-life-line'] })
      if (!answer.token) onDone()
    },
  })
}

/** What each form sends. */
const BODIES: Readonly<Record<TokenAction, (form: FormData) => Bodies[TokenAction]>> = {
  rotate: (form) => ({ graceSeconds: Number(form.get('grace')), reason: rotateReason(textOf(form, 'reason')) }),
  revoke: (form) => ({ reason: textOf(form, 'reason'), ...noteOf(form), ...(form.get('family') ? { family: true } : {}) }),
  suspend: (form) => noteOf(form),
  resume: () => ({}),
}

function rotateReason(text: string): Bodies['rotate']['reason'] {
  return text === 'scheduled' || text === 'after_finding' ? text : 'by_hand'
}

function noteOf(form: FormData): { readonly note?: string } {
  const note = textOf(form, 'note').trim()
  return note === '' ? {} : { note }
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

const NOTE = (
  <Field label={t.token.note}>
    <textarea name="note" rows={2} maxLength={500} />
  </Field>
)

const FIELDS: Readonly<Record<TokenAction, ReactNode>> = {
  rotate: (
    <>
      <Choice label={t.token.grace} name="grace" items={t.token.graceChoices} chosen="86400" />
      <Choice label={t.token.reason} name="reason" items={t.token.rotateReasons} chosen="by_hand" />
    </>
  ),
  revoke: (
    <>
      <Choice label={t.token.reason} name="reason" items={t.token.revokeReasons} chosen="manual" />
      {NOTE}
      <label className={dialogStyles['check']}>
        <input type="checkbox" name="family" /> {t.token.revokeFamily}
      </label>
    </>
  ),
  suspend: NOTE,
  resume: null,
}

function Field({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <label className={dialogStyles['field']}>
      {label}
      {children}
    </label>
  )
}

function Choice({
  label,
  name,
  items,
  chosen,
}: {
  readonly label: string
  readonly name: string
  readonly items: Readonly<Record<string, string>>
  readonly chosen: string
}) {
  return (
    <Field label={label}>
      <select name={name} defaultValue={chosen}>
        {Object.entries(items).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  )
}

/** Who will be refused: said before it is done. */
function Callers({ id }: { readonly id: string }) {
  const { window } = usePageWindow()
  const { data } = useAsk('services-of-token', { ...window, token: id, limit: 5 })
  if (!data) return null
  const uses = data.rows.reduce((sum, { accepted }) => sum + accepted, 0)
  const names = data.rows.map(({ name }) => name).filter(Boolean)
  return (
    <p className={dialogStyles['warning']}>
      {uses === 0 ? t.token.blastNone(t.token.inWindow) : t.token.blast(short(uses), t.token.inWindow)} {names.join(', ')}
    </p>
  )
}

/** The text of the successor: shown once, and gone with this dialog. */
function NewSecret({
  answer,
  text,
  onDone,
}: {
  readonly answer: TokenActionAnswer
  readonly text: string
  readonly onDone: () => void
}) {
  return (
    <div className={dialogStyles['form']}>
      <Heading slot="title">{t.token.newSecret}</Heading>
      <p>{t.token.newSecretText}</p>
      <CopyBlock text={text} label={t.token.newSecret} />
      <div className={dialogStyles['buttons']}>
        {answer.id && (
          <Link to="/tokens/$id" params={{ id: answer.id }} onClick={onDone}>
            {answer.id}
          </Link>
        )}
        <Button look="primary" onPress={onDone}>
          {t.token.stored}
        </Button>
      </div>
    </div>
  )
}

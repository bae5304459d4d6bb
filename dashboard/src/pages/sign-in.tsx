import { useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Problem } from '../api/http.ts'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { Logo } from '../parts/logo.tsx'
import { useSession, useSignIn } from './session.ts'
import styles from './sign-in.module.css'

/** Sign-in by a pasted token, or by a one-time link: its code is the fragment, which the page hands over and then drops. */
export function SignInPage() {
  const code = new URLSearchParams(useLocation().hash).get('code')
  const navigate = useNavigate()
  const { mutate, error, isPending } = useSignIn()
  const used = useRef<string>(undefined)
  const isIn = Boolean(useSession().data)

  useEffect(() => {
    if (!code || used.current === code) return
    used.current = code
    mutate({ code })
    void navigate({ to: '/sign-in', hash: '', replace: true })
  }, [code, mutate, navigate])
  useEffect(() => {
    if (isIn) void navigate({ to: '/', replace: true })
  }, [isIn, navigate])

  const byLink = used.current !== undefined
  return (
    <SignInForm
      message={error ? messageOf(error, byLink) : undefined}
      working={isPending ? (byLink ? t.signIn.byLink : t.signIn.working) : undefined}
      onToken={(token) => {
        used.current = undefined
        mutate({ token })
      }}
    />
  )
}

/** The same form in place of a page whose reader is not signed in; the address stays. */
export function SignInHere({ hasEnded }: { readonly hasEnded: boolean }) {
  const { mutate, error, isPending } = useSignIn()
  return (
    <SignInForm
      message={error ? messageOf(error, false) : hasEnded ? t.signIn.ended : undefined}
      working={isPending ? t.signIn.working : undefined}
      onToken={(token) => mutate({ token })}
    />
  )
}

interface FormProps {
  readonly message: string | undefined
  readonly working: string | undefined
  readonly onToken: (token: string) => void
}

function SignInForm({ message, working, onToken }: FormProps) {
  const [token, setToken] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (token.trim() !== '') onToken(token.trim())
    setToken('')
  }
  return (
    <main className={styles['page']}>
      <form className={styles['card']} onSubmit={submit}>
        <Logo />
        <h1>{t.signIn.title}</h1>
        <p className={styles['lead']}>{t.signIn.lead}</p>
        <label className={styles['field']}>
          {t.signIn.field}
          <input
            type="password"
            name="token"
            autoComplete="current-password"
            spellCheck={false}
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <p className={styles['message']} role="alert">
          {message}
        </p>
        <Button type="submit" look="primary" isDisabled={working !== undefined}>
          {working ?? t.signIn.submit}
        </Button>
        <details className={styles['help']}>
          <summary>{t.signIn.where}</summary>
          <p>{t.signIn.whereText}</p>
        </details>
      </form>
    </main>
  )
}

function messageOf(error: Error, byLink: boolean): string {
  if (error instanceof Problem && byLink && error.status >= 400 && error.status < 500 && error.status !== 429)
    return t.signIn.linkFailed
  const code = error instanceof Problem ? ` (${error.code})` : ''
  return `${error.message}${code}`
}

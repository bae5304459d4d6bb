import { useEffect, useState } from 'react'
import { t } from '../format/strings.ts'
import { Button } from './button.tsx'
import styles from './copy.module.css'

/** A command or value to copy. */
export function CopyBlock({ text, label }: { readonly text: string; readonly label?: string }) {
  return (
    <div className={styles['block']}>
      <pre className={styles['text']} tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  )
}

/** Copies a text and says so. */
export function CopyButton({ text, name }: { readonly text: string; readonly name?: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () =>
    void navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <Button look="quiet" className={styles['button']} onPress={copy} aria-label={name ? `${t.states.copy}: ${name}` : undefined}>
      <span aria-live="polite">{copied ? t.states.copied : t.states.copy}</span>
    </Button>
  )
}

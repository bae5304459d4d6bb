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

/** Copies a text and says so. Without TLS a browser may refuse; then it says to copy by hand. */
export function CopyButton({ text, name }: { readonly text: string; readonly name?: string }) {
  const [answer, setAnswer] = useState<string>()
  useEffect(() => {
    if (answer === undefined) return
    const timer = setTimeout(() => setAnswer(undefined), 3000)
    return () => clearTimeout(timer)
  }, [answer])
  return (
    <Button
      look="quiet"
      className={styles['button']}
      onPress={() => void write(text).then(setAnswer)}
      aria-label={name ? `${t.states.copy}: ${name}` : undefined}
    >
      <span aria-live="polite">{answer ?? t.states.copy}</span>
    </Button>
  )
}

async function write(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text)
    return t.states.copied
  } catch {
    return t.states.copyByHand
  }
}

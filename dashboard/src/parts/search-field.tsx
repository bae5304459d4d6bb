import { useEffect, useState } from 'react'
import styles from './field.module.css'
import { Icon } from './icon.tsx'

const SETTLE_MS = 250

/** A text to search by; the change is told when typing pauses. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
}) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onChange(text), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [text, value, onChange])
  return (
    <label className={`${styles['field']} ${styles['search']}`}>
      <span className={styles['hidden']}>{label}</span>
      <Icon name="search" />
      <input
        type="search"
        placeholder={label}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
        data-shortcut="filter"
      />
    </label>
  )
}

import { useId } from 'react'
import styles from './segments.module.css'

/** One choice of a few, side by side: real radio buttons, so arrow keys and readers aloud know what to do. */
export function Segments<Key extends string>({ label, items, value, onChange, className }: SegmentsProps<Key>) {
  const name = useId()
  return (
    <fieldset className={[styles['segments'], className].join(' ')}>
      <legend className={styles['legend']}>{label}</legend>
      {items.map((item) => (
        <label key={item.key} className={styles['item']} title={item.title}>
          <input type="radio" name={name} value={item.key} checked={item.key === value} onChange={() => onChange(item.key)} />
          <span>{item.text}</span>
        </label>
      ))}
    </fieldset>
  )
}

interface SegmentsProps<Key extends string> {
  readonly label: string
  readonly items: readonly { readonly key: Key; readonly text: string; readonly title?: string }[]
  /** None is chosen when the value is not among the items. */
  readonly value: Key | undefined
  readonly onChange: (key: Key) => void
  readonly className?: string | undefined
}

import styles from './field.module.css'

/** One choice of many. The platform's own list: it works with every keyboard, reader and phone. */
export function Select({ label, value, items, onChange, isFilter = false }: SelectProps) {
  return (
    <label className={styles['field']}>
      <span className={styles['hidden']}>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)} data-shortcut={isFilter ? 'filter' : undefined}>
        {items.map(({ key, text }) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

interface SelectProps {
  readonly label: string
  readonly value: string
  readonly items: readonly { readonly key: string; readonly text: string }[]
  readonly onChange: (key: string) => void
  readonly isFilter?: boolean
}

import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icon.tsx'
import { Segments } from '../parts/segments.tsx'
import { Select } from '../parts/select.tsx'
import styles from './event-filters.module.css'
import { EVENT_FILTERS, type EventFilter } from './search.ts'
import { CLASSES } from './series.ts'

type Filter = Readonly<Partial<Record<EventFilter, string>>>

/** Narrows the list. Every filter is a chip, and stands in the address. */
export function EventFilters({ filter }: { readonly filter: Filter }) {
  const navigate = useNavigate()
  const show = (part: Filter) =>
    void navigate({ to: '/events', search: (search) => ({ ...search, ...part }), resetScroll: false })
  const chips = EVENT_FILTERS.filter((name) => name !== 'class' && filter[name] !== undefined)
  const nothing = Object.fromEntries(EVENT_FILTERS.map((name) => [name, undefined]))
  return (
    <div className={styles['filters']} role="search" aria-label={t.events.filters}>
      <Segments
        label={t.events.class}
        items={[
          { key: '', text: t.events.any },
          ...CLASSES.map((name) => ({ key: name, text: t.class[name], title: t.classHint[name] })),
        ]}
        value={filter.class ?? ''}
        onChange={(name) => show({ class: name === '' ? undefined : name })}
        className={styles['classes']}
      />
      <AddFilter onAdd={show} />
      {chips.map((name) => (
        <span key={name} className={styles['chip']}>
          <span>
            {t.events.names[name]} <b>{filter[name]}</b>
          </span>
          <button
            type="button"
            aria-label={t.events.removeFilter(t.events.names[name])}
            onClick={() => show({ [name]: undefined })}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      {(chips.length > 0 || filter.class) && (
        <Button look="quiet" onPress={() => show(nothing)}>
          {t.events.clear}
        </Button>
      )}
    </div>
  )
}

const CHOICES: Readonly<Partial<Record<EventFilter, readonly string[]>>> = {
  outcome: ['accepted', 'rejected', 'none'],
  kind: Object.keys(t.kind),
  reason: Object.keys(t.reason),
}

function AddFilter({ onAdd }: { readonly onAdd: (part: Filter) => void }) {
  const [name, setName] = useState<EventFilter>('reason')
  const [value, setValue] = useState('')
  const choices = CHOICES[name]
  const add = (event: FormEvent) => {
    event.preventDefault()
    const text = value.trim() || choices?.[0]
    if (text) onAdd({ [name]: text })
    setValue('')
  }
  const choose = (key: string) => {
    setName(EVENT_FILTERS.find((each) => each === key) ?? 'reason')
    setValue('')
  }
  return (
    <form className={styles['add']} onSubmit={add}>
      <Select
        label={t.events.addLabel}
        value={name}
        items={EVENT_FILTERS.filter((each) => each !== 'class').map((each) => ({ key: each, text: t.events.names[each] }))}
        onChange={choose}
        isFilter
      />
      {choices ? (
        <Select
          label={t.events.value}
          value={value || (choices[0] ?? '')}
          items={choices.map((each) => ({ key: each, text: each }))}
          onChange={setValue}
        />
      ) : (
        <input
          className={styles['value']}
          aria-label={t.events.value}
          value={value}
          maxLength={200}
          onChange={(event) => setValue(event.target.value)}
        />
      )}
      <Button type="submit">{t.events.addFilter}</Button>
    </form>
  )
}

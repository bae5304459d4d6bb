import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent as KeyPress, useEffect, useId, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { destinationsOf } from '../format/find.ts'
import { t } from '../format/strings.ts'
import dialogStyles from '../parts/dialog.module.css'
import { Icon } from '../parts/icon.tsx'
import accountStyles from './account.module.css'
import styles from './find-box.module.css'

/** Goes anywhere by a few keys: ⌘K or Ctrl K, then a name or an id. */
export function FindBox() {
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return
      event.preventDefault()
      setOpen(true)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <AriaButton className={`${accountStyles['button']} ${styles['open']}`}>
        <Icon name="search" />
        <span>{t.find.open}</span>
        <kbd>{t.find.keys}</kbd>
      </AriaButton>
      <ModalOverlay className={dialogStyles['overlay']} isDismissable>
        <Modal className={`${dialogStyles['modal']} ${styles['modal']}`}>
          <Dialog className={styles['dialog']} aria-label={t.find.title}>
            <Finder onDone={() => setOpen(false)} />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  )
}

function Finder({ onDone }: { readonly onDone: () => void }) {
  const navigate = useNavigate()
  const id = useId()
  const [text, setText] = useState('')
  const [index, setIndex] = useState(0)
  const places = destinationsOf(text)
  const go = (href: string | undefined) => {
    if (href === undefined) return
    onDone()
    void navigate({ href })
  }
  const onKeyDown = (event: KeyPress) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) setIndex((index + step + places.length) % Math.max(1, places.length))
    else if (event.key === 'Enter') go(places[index]?.href)
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        className={styles['field']}
        role="combobox"
        aria-label={t.find.title}
        aria-expanded={places.length > 0}
        aria-controls={id}
        aria-activedescendant={places.length > 0 ? `${id}-${index}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        autoFocus
        placeholder={t.find.hint}
        value={text}
        maxLength={200}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value)
          setIndex(0)
        }}
      />
      <ul id={id} role="listbox" aria-label={t.find.title} className={styles['places']}>
        {places.map(({ name, href }, place) => (
          <li key={href} id={`${id}-${place}`} role="option" aria-selected={place === index} onClick={() => go(href)}>
            {name}
          </li>
        ))}
      </ul>
      {places.length === 0 && (
        <p className={styles['note']} role="status">
          {t.find.secret}
        </p>
      )}
    </>
  )
}

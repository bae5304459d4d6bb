import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { Dialog, DialogTrigger, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { t } from '../format/strings.ts'
import { shiftWindow } from '../format/window.ts'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icon.tsx'
import { useLive } from '../parts/live.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { usePageWindow } from '../pages/window.tsx'
import accountStyles from './account.module.css'
import styles from './shortcuts.module.css'

type ShortcutKeys = keyof typeof t.shortcuts.items
const KEY = 'tokentrail.shortcuts'
/** How long `g` waits for its second key. */
const SEQUENCE_MS = 1500

/** Single-key shortcuts: the handler and the sheet that lists them come from one table, and can be switched off (WCAG 2.1.4). */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false)
  const [isOn, setOn] = useState(() => localStorage.getItem(KEY) !== 'off')
  useShortcuts(isOn, () => setOpen(true))
  const change = (on: boolean) => {
    localStorage.setItem(KEY, on ? 'on' : 'off')
    setOn(on)
  }
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <AriaButton className={`${accountStyles['button']} ${styles['open']}`}>
        <Icon name="keyboard" />
        <span>{t.shortcuts.open}</span>
      </AriaButton>
      <ModalOverlay className={dialogStyles['overlay']} isDismissable>
        <Modal className={dialogStyles['modal']}>
          <Dialog className={dialogStyles['dialog']}>
            <Heading slot="title">{t.shortcuts.title}</Heading>
            <table className={styles['sheet']}>
              <tbody>
                {Object.entries(t.shortcuts.items).map(([keys, text]) => (
                  <tr key={keys}>
                    <th scope="row">
                      {keys.split(' ').map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </th>
                    <td>{text}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <label className={styles['switch']}>
              <input type="checkbox" checked={isOn} onChange={(event) => change(event.target.checked)} />
              {t.shortcuts.enabled}
            </label>
            <Button onPress={() => setOpen(false)}>{t.shortcuts.close}</Button>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  )
}

function useShortcuts(isOn: boolean, openSheet: () => void): void {
  const navigate = useNavigate()
  const page = usePageWindow()
  const live = useLive()
  const actions: Readonly<Record<ShortcutKeys, () => void>> = {
    'g o': () => void navigate({ to: '/' }),
    'g f': () => void navigate({ to: '/findings' }),
    'g t': () => void navigate({ to: '/tokens' }),
    'g e': () => void navigate({ to: '/events' }),
    'g a': () => void navigate({ to: '/audit' }),
    'g r': () => void navigate({ to: '/reports' }),
    'g s': () => void navigate({ to: '/settings' }),
    '←': () => page.show(shiftWindow(page.window, -1)),
    '→': () => page.show(shiftWindow(page.window, 1)),
    d: () => page.show({ from: 'now-24h', to: 'now' }),
    w: () => page.show({ from: 'now-7d', to: 'now' }),
    m: () => page.show({ from: 'now-30d', to: 'now' }),
    l: () => (live.state().status === 'off' ? live.start() : live.stop()),
    j: () => focusRow(1),
    k: () => focusRow(-1),
    '/': () => document.querySelector<HTMLElement>('[data-shortcut="filter"]')?.focus(),
    '?': openSheet,
  }
  const current = useRef(actions)
  useEffect(() => {
    current.current = actions
  })
  useEffect(() => {
    if (!isOn) return
    let first: { readonly key: string; readonly at: number } | undefined
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const key = ARROWS[event.key] ?? event.key
      const keys = first && event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${key}` : key
      first = key === 'g' ? { key, at: event.timeStamp } : undefined
      const act = (current.current as Readonly<Record<string, (() => void) | undefined>>)[keys]
      if (!act) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [isOn])
}

/** Moves the focus to the next or the previous row of the list, from its start where none has the focus. */
function focusRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-shortcut="row"]')]
  const index = rows.findIndex((row) => row === document.activeElement)
  rows[Math.min(rows.length - 1, Math.max(0, index + step))]?.focus()
}

const ARROWS: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→' }

/** No shortcut acts while a field, a list that scrolls, or a dialog has the focus. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, select, textarea, [contenteditable], [role="dialog"], [role="application"], [data-scroll]') !== null
  )
}

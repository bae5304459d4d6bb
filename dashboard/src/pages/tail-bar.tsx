import { useNavigate } from '@tanstack/react-router'
import { ToggleButton } from 'react-aria-components/ToggleButton'
import { short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icon.tsx'
import styles from './tail-bar.module.css'
import type { Tail } from './use-tail.ts'

/** Follows what comes; pausing keeps counting. */
export function TailBar({ tail, isOn }: { readonly tail: Tail; readonly isOn: boolean }) {
  const navigate = useNavigate()
  const turn = (on: boolean) =>
    void navigate({ to: '/events', search: (search) => ({ ...search, tail: on ? '1' : undefined }), resetScroll: false })
  return (
    <div className={styles['bar']}>
      <ToggleButton className={styles['toggle']} isSelected={isOn} onChange={turn}>
        {t.events.tail}
      </ToggleButton>
      {isOn && (
        <>
          <Button onPress={tail.isPaused ? tail.resume : tail.pause}>
            <Icon name={tail.isPaused ? 'play' : 'pause'} />
            {tail.isPaused ? t.events.resume : t.events.pause}
          </Button>
          <span className={styles['text']}>{tail.isPaused ? t.events.held(short(tail.held)) : t.events.tailOn}</span>
          <span className={styles['text']}>{t.events.sampled}</span>
        </>
      )}
    </div>
  )
}

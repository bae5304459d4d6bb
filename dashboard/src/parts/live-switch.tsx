import { ToggleButton } from 'react-aria-components/ToggleButton'
import { rateOf } from '../api/live.ts'
import { short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Icon } from './icon.tsx'
import { useLive, useLiveState } from './live.tsx'
import styles from './live-switch.module.css'

/** Says whether the page follows the stream, at what rate things happen, and stops or resumes it. */
export function LiveSwitch() {
  const live = useLive()
  const state = useLiveState()
  const { status } = state
  const isOn = status !== 'off'
  const rate = rateOf(state, Date.now())
  const text = { off: t.live.off, connecting: t.live.connecting, lost: t.live.lost, live: t.live.on }[status]
  return (
    <ToggleButton
      className={styles['switch']}
      data-status={status}
      isSelected={isOn}
      onChange={(on) => (on ? live.start() : live.stop())}
    >
      <span className={styles['dot']} />
      <span className={styles['text']}>{text}</span>
      {status === 'live' && (
        <span className={styles['rate']}>{t.live.perSecond(rate >= 100 ? short(Math.round(rate)) : rate.toFixed(1))}</span>
      )}
      <Icon name={isOn ? 'pause' : 'play'} />
    </ToggleButton>
  )
}

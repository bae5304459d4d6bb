import { useState, type FormEvent } from 'react'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import type { Window } from '../api/types.ts'
import { t } from '../format/strings.ts'
import type { Zone } from '../format/time.ts'
import { fixedWindow, PRESETS, type PresetKey, shiftWindow, type WindowText, zoomWindow } from '../format/window.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import { Segments } from './segments.tsx'
import styles from './time-control.module.css'
import { useTimeFormat } from './time-format.tsx'

/** Chooses the window: presets, a custom range, earlier and later, in and out, and the zone that times are written in. */
export function TimeControl({ text, window, zone, onChange, onZone }: TimeControlProps) {
  const preset = PRESETS.find(({ from, to }) => from === text.from && to === text.to)?.key
  const show = (key: PresetKey) => {
    const chosen = PRESETS.find((each) => each.key === key)
    if (chosen) onChange({ from: chosen.from, to: chosen.to })
  }
  return (
    <div className={styles['control']} role="group" aria-label={t.time.label}>
      <Segments
        label={t.time.presets}
        items={PRESETS.map(({ key }) => ({ key, text: t.time.preset[key], title: t.time.presetLong[key] }))}
        value={preset}
        onChange={show}
      />
      <CustomRange window={window} isShown={preset === undefined} onChange={onChange} />
      <span className={styles['buttons']}>
        <Button look="icon" aria-label={t.time.earlier} onPress={() => onChange(shiftWindow(window, -1))}>
          <Icon name="left" />
        </Button>
        <Button look="icon" aria-label={t.time.zoomOut} onPress={() => onChange(zoomWindow(window, 2))}>
          <Icon name="minus" />
        </Button>
        <Button look="icon" aria-label={t.time.zoomIn} onPress={() => onChange(zoomWindow(window, 0.5))}>
          <Icon name="plus" />
        </Button>
        <Button look="icon" aria-label={t.time.later} onPress={() => onChange(shiftWindow(window, 1))}>
          <Icon name="right" />
        </Button>
      </span>
      <Segments
        label={t.time.zone}
        items={[
          { key: 'utc', text: t.time.utc },
          { key: 'local', text: t.time.local },
        ]}
        value={zone}
        onChange={onZone}
      />
    </div>
  )
}

interface TimeControlProps {
  readonly text: WindowText
  readonly window: Window
  readonly zone: Zone
  readonly onChange: (text: WindowText) => void
  readonly onZone: (zone: Zone) => void
}

function CustomRange({
  window,
  isShown,
  onChange,
}: {
  readonly window: Window
  readonly isShown: boolean
  readonly onChange: (text: WindowText) => void
}) {
  const time = useTimeFormat()
  const [isOpen, setOpen] = useState(false)
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <Button className={isShown ? styles['custom'] : undefined}>
        <Icon name="calendar" />
        {isShown ? `${time.short(window.from)} – ${time.short(window.to)}` : t.time.custom}
      </Button>
      <Popover className={styles['popover']} placement="bottom end">
        <Dialog className={styles['dialog']} aria-label={t.time.custom}>
          <RangeForm
            window={window}
            onChange={(text) => {
              onChange(text)
              setOpen(false)
            }}
          />
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}

function RangeForm({ window, onChange }: { readonly window: Window; readonly onChange: (text: WindowText) => void }) {
  const time = useTimeFormat()
  const [from, setFrom] = useState(() => time.field(window.from))
  const [to, setTo] = useState(() => time.field(window.to))
  const [start, end] = [time.parseField(from), time.parseField(to)]
  const isWrong = start === undefined || end === undefined || start >= end
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isWrong) onChange(fixedWindow({ from: start, to: end }))
  }
  return (
    <form className={styles['form']} onSubmit={submit}>
      <label>
        {t.time.from} ({time.zoneName})
        <input type="datetime-local" required value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label>
        {t.time.to} ({time.zoneName})
        <input type="datetime-local" required value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <p className={styles['wrong']} role="alert">
        {isWrong ? t.time.wrongOrder : ''}
      </p>
      <Button type="submit" look="primary" isDisabled={isWrong}>
        {t.time.apply}
      </Button>
    </form>
  )
}

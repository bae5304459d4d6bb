import { Button as AriaButton, type ButtonProps } from 'react-aria-components/Button'
import type { ReactNode } from 'react'
import styles from './button.module.css'

/** A push button in one of four weights. */
export function Button({
  look = 'plain',
  children,
  className,
  ...rest
}: Omit<ButtonProps, 'className' | 'children'> & ButtonLook) {
  return (
    <AriaButton {...rest} className={[styles['button'], styles[look], className].join(' ')}>
      {children}
    </AriaButton>
  )
}

interface ButtonLook {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet' | 'icon'
  readonly children?: ReactNode
  readonly className?: string | undefined
}

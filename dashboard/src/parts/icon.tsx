/** Line icons of 16 px; they stand beside words or under a name, so readers aloud skip them. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

const PATHS = {
  overview: 'M2 13.5h12M4 11V7M8 11V3M12 11V5.5',
  tokens: 'M10.5 2a3.5 3.5 0 1 1-3.3 4.7L2 12v2h2.5v-1.5H6V11l1.7-1.7M11 5h.01',
  events: 'M2.5 4h1M6 4h7.5M2.5 8h1M6 8h7.5M2.5 12h1M6 12h7.5',
  findings: 'M8 1.500 13.500 3.500v4c0 3.500-2.300 5.800-5.500 7-3.200-1.200-5.500-3.500-5.500-7v-4zM8 5v3.500M8 11h.01',
  audit: 'M3 2.500h7l3 3v8H3zM10 2.500v3h3M5.500 9l1.800 1.800L10.500 7.500',
  settings:
    'M2.500 4.500h6M12.500 4.500h1M8.500 3v3M12 4.500h-1.500M2.500 8h1M7.500 8h6M5.500 6.500v3M2.500 11.500h5M11.500 11.500h2M9.500 10v3',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5v3.2M8 5.2h.01',
  left: 'M10 3 5 8l5 5',
  right: 'm6 3 5 5-5 5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  close: 'm4 4 8 8M12 4l-8 8',
  table: 'M2.5 3h11v10h-11zM2.5 6.5h11M2.5 9.8h11M7 3v10',
  chart: 'M2 2.5v11h12M5 11l3-4 2.2 2L14 4.5',
  calendar: 'M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3v10l8-5z',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM14 14l-3.5-3.5',
  filter: 'M2 3.5h12M4.5 8h7M6.5 12.5h3',
  user: 'M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8ZM2.8 14c.4-2.8 2.500-4.200 5.200-4.200s4.800 1.400 5.200 4.200',
  check: 'm3 8.500 3.500 3.500L13 4.500',
  up: 'm3 10 5-5 5 5',
  down: 'm3 6 5 5 5-5',
  keyboard: 'M1.500 4h13v8.500h-13zM4 6.800h.01M6.700 6.800h.01M9.300 6.800h.01M12 6.800h.01M5 10h6',
} as const
export type IconName = keyof typeof PATHS

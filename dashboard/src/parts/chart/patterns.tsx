/** Textures laid over the colours of rejected classes, so that they differ without colour too. That of `invalid` shows where colours are forced. */
export const PATTERNS: ReadonlyMap<string, string> = new Map([
  ['invalid', 'M1,1h1.5M4,4h1.5'],
  ['forbidden', 'M-1,1l2,-2M0,6l6,-6M5,7l2,-2'],
  ['throttled', 'M0,3h6'],
  ['unavailable', 'M0,0l6,6M6,0l-6,6'],
])

export function patternId(prefix: string, key: string): string {
  return `${prefix.replaceAll(/[^\w-]/g, '')}-${key}`
}

export function Patterns({ prefix }: { readonly prefix: string }) {
  return (
    <defs>
      {[...PATTERNS].map(([key, path]) => (
        <pattern key={key} id={patternId(prefix, key)} width="6" height="6" patternUnits="userSpaceOnUse">
          <path d={path} stroke="var(--surface)" strokeWidth="1.2" fill="none" />
        </pattern>
      ))}
    </defs>
  )
}

/** Shapes of credentials that must not stand in an event: our own, JSON web tokens, and those of services people use most. */
const SHAPES = [
  /[a-z][a-z0-9]{1,11}_[0-9A-Za-z]{16}_[0-9A-Za-z]{43,49}/,
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/,
  /gh[pousr]_[0-9A-Za-z]{36}/,
  /github_pat_\w{22,}/,
  /glpat-[\w-]{20}/,
  /xox[abprs]-[\w-]{10,}/,
  /sk_(?:live|test)_[0-9A-Za-z]{24,}/,
  /AIza[\w-]{35}/,
  /Bearer\s+[\w.~+/-]{16,}/,
]
const ANY = new RegExp(SHAPES.map((shape) => shape.source).join('|'))
const ALL = new RegExp(ANY.source, 'g')

/** Is there something shaped like a credential in a text? */
export function holdsSecret(text: string): boolean {
  return ANY.test(text)
}

/** The text with everything shaped like a credential taken out. */
export function withoutSecrets(text: string): string {
  return ANY.test(text) ? text.replaceAll(ALL, '[secret]') : text
}

/** Texts by small numbers, within a bound; 0 stands for none and for what came after the bound. */
export interface Names {
  numberOf(text: string): number
  textOf(no: number): string
  snapshot(): readonly string[]
  restore(texts: readonly string[]): void
}

const NAMES_MAX = 65_535

export function createNames(): Names {
  let texts: string[] = ['']
  let numbers = new Map<string, number>([['', 0]])

  function add(text: string): number {
    if (texts.length >= NAMES_MAX) return 0
    numbers.set(text, texts.length)
    return texts.push(text) - 1
  }

  return {
    numberOf: (text) => numbers.get(text) ?? add(text),
    textOf: (no) => texts[no] ?? '',
    snapshot: () => texts.slice(1),
    restore(saved) {
      texts = ['', ...saved]
      numbers = new Map(texts.map((text, no) => [text, no]))
    },
  }
}

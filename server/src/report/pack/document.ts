/** A report as text and tables: what HTML and PDF are both made from, so that they say the same. */
export interface PackDocument {
  readonly title: string
  readonly subtitle: string
  /** On paper; tables that are wide lie. */
  readonly stands?: boolean
  readonly sections: readonly Section[]
}

export interface Section {
  readonly id: string
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly facts?: readonly Fact[]
  readonly tables?: readonly Table[]
}

export interface Fact {
  readonly name: string
  readonly value: string
}

export interface Table {
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Columns whose numbers stand to the right. */
  readonly right?: readonly number[]
  /** Columns whose values are never broken over lines. */
  readonly whole?: readonly number[]
}

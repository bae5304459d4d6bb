import { readdirSync, readFileSync } from 'node:fs'
import { checkRules, type Checked } from './lint.ts'
import type { RuleText } from './load.ts'

const FOLDER = new URL('../../../rules/', import.meta.url)

/** The rules that are shipped, as they stand in their files. */
export function packTexts(): readonly RuleText[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }))
}

let pack: Checked | undefined

/** The rules that are shipped, read and tested once. */
export function loadPack(): Checked {
  return (pack ??= checkRules(packTexts()))
}

import type { Milliseconds } from 'tokentrail'
import type { CATALOGUE } from '../catalogue.ts'
import type { Fact } from '../finding.ts'

type Braces<Sentence extends string> = Sentence extends `${string}{${infer Name}}${infer Rest}` ? Name | Braces<Rest> : never

/** Detectors of the catalogue, by name. */
export type CatalogueName = keyof typeof CATALOGUE

/** A fact for every brace of a detector's sentence, no more and no less. */
export type FactsOf<Name extends CatalogueName> = Readonly<Record<Braces<(typeof CATALOGUE)[Name]['sentence']>, Fact>>

export const text = (value: string): Fact => ({ as: 'text', value })
export const number = (value: number): Fact => ({ as: 'number', value })
export const time = (value: Milliseconds): Fact => ({ as: 'time', value })
export const duration = (value: Milliseconds): Fact => ({ as: 'duration', value })
export const token = (value: number): Fact => ({ as: 'token', value })
export const owner = (value: number): Fact => ({ as: 'owner', value })
export const event = (value: string): Fact => ({ as: 'event', value })

/** A network, or the word that none is known. */
export function network(high: number, low: number): Fact {
  return high === 0 && low === 0 ? text('an unknown network') : { as: 'network', value: hexOf(high, low) }
}

/** Sixteen hexadecimal digits. */
export function hexOf(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

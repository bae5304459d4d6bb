import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../../src/detect/catalogue.ts'
import { catalogue } from '../../../src/detect/desk/described.ts'
import { explain } from '../../../src/detect/desk/explain.ts'
import type { Names } from '../../../src/detect/desk/facts.ts'
import { nextUseOf } from '../../../src/detect/desk/next-use.ts'
import type { DetectorName } from '../../../src/detect/catalogue.ts'
import type { Fact } from '../../../src/detect/finding.ts'
import { AT, DAY, HOUR } from './found.ts'

const names: Names = {
  token: (no) => (no === 7 ? { id: 'abc', name: 'CI' } : no === 8 ? { id: 'def', name: null } : undefined),
  owner: (no) => (no === 1 ? 'alice' : undefined),
}

const say = (detector: DetectorName, facts: Readonly<Record<string, Fact>>, zone?: string) =>
  explain({ detector, facts }, names, zone === undefined ? {} : { zone }).sentence

describe('a sentence', () => {
  test('names tokens, owners and networks', () => {
    expect(
      say('guess-then-hit', {
        failures: { as: 'number', value: 12_345 },
        network: { as: 'network', value: 'ff' },
        token: { as: 'token', value: 8 },
        owner: { as: 'owner', value: 1 },
      }),
    ).toBe('After 12,345 failures network 00000000000000ff was accepted with token def of alice, never seen there.')
  })

  test('says what is gone and what was not told, instead of hiding it', () => {
    expect(say('canary', { token: { as: 'token', value: 99 } })).toBe(
      'The canary a token that is gone (99) was presented from something unknown.',
    )
  })

  test('gives times in the reader’s zone, across a change of the clock', () => {
    const at = (value: number) => ({ as: 'time', value }) as const
    const drift = (value: number, zone: string) =>
      say(
        'slow-drift',
        { measure: { as: 'text', value: 'accepted' }, change: { as: 'share', value: 0.125 }, since: at(value) },
        zone,
      )
    expect(drift(Date.UTC(2026, 6, 1, 22, 30), 'UTC')).toContain('12.5% away from its expectation since 1 Jul 2026, 22:30:00 UTC')
    expect(drift(Date.UTC(2026, 6, 1, 22, 30), 'Europe/Berlin')).toContain('2 Jul 2026, 00:30:00 CEST')
    expect(drift(Date.UTC(2026, 11, 1, 22, 30), 'Europe/Berlin')).toContain('1 Dec 2026, 23:30:00 CET')
  })

  test('a rule speaks for itself', () => {
    const rule = { version: 3, title: 'Export after grant', sentence: '{token} exported {rows} rows.', techniques: ['T1213'] }
    const facts = { token: { as: 'token', value: 7 }, rows: { as: 'number', value: 5 } } as const
    expect(explain({ detector: 'rule:x', facts, rule }, names).sentence).toBe('Token “CI” (abc) exported 5 rows.')
    expect(explain({ detector: 'rule:{x}', facts: {} }, names).sentence).toBe('The rule x matched.')
  })

  test('nothing that somebody typed acts on a terminal or turns text around, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
        const sentence = say('failure-shift', {
          reason: { as: 'text', value: `\u001b[2J\u202e${value}` },
          service: { as: 'text', value },
        })
        expect(sentence).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(sentence.length).toBeLessThan(700)
      }),
    )
  })

  test('the parts are the sentence, and every fact of it is marked', () => {
    for (const { name, sentence } of catalogue()) {
      const { parts } = explain({ detector: name as DetectorName, facts: {} }, names)
      const braces = [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      expect(parts.flatMap(({ fact }) => fact ?? [])).toEqual(braces)
    }
    expect(catalogue()).toHaveLength(Object.keys(CATALOGUE).length)
  })
})

describe('the next use that habit lets expect', () => {
  const weekly = (hour: number, weeks: readonly number[]) => weeks.map((week) => AT + hour * HOUR - week * 7 * DAY)

  test.each([
    ['of an hour of the week in two of four weeks', weekly(5, [1, 3]), { at: AT + 5 * HOUR, by: 'hour of the week' }],
    [
      'is the soonest of several',
      [...weekly(50, [1, 2, 3]), ...weekly(9, [2, 4])],
      { at: AT + 9 * HOUR, by: 'hour of the week' },
    ],
    ['of one week is no habit', weekly(5, [1]), null],
    ['of a usual gap', [AT - 77 * HOUR, AT - 54 * HOUR, AT - 31 * HOUR, AT - 8 * HOUR], { at: AT + 15 * HOUR, by: 'usual gap' }],
    ['that should have come already is not promised', [30, 20, 10].map((days) => AT - days * DAY - 24 * HOUR * 5), null],
    ['of nothing is nothing', [], null],
  ] as const)('%s', (_name, hours, expected) => {
    expect(nextUseOf(hours, AT)).toEqual(expected)
  })
})

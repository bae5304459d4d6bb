import { describe, expect, test } from 'vitest'
import { FRAMEWORKS, STATUSES, type Control } from '../../src/report/controls.ts'
import { EVIDENCE, EVIDENCE_NAMES } from '../../src/report/evidence/questions.ts'

const frameworks = Object.entries(FRAMEWORKS)
const controls: readonly Control[] = frameworks.flatMap(([, { controls }]) => controls)

describe('the table of controls', () => {
  test('each control names questions that exist, or what else shows it, or says that nothing does', () => {
    for (const control of controls) {
      for (const name of control.questions) expect(EVIDENCE).toHaveProperty(name)
      expect([control.id, control.questions.length + (control.shownBy?.length ?? 0) > 0]).toEqual([
        control.id,
        control.status !== 'N',
      ])
    }
  })

  test('each question shows a control', () => {
    const used = new Set(controls.flatMap(({ questions }) => questions))
    expect(EVIDENCE_NAMES.filter((name) => !used.has(name))).toEqual([])
  })

  test('each control says what is missing, the more so where it is partial or nothing', () => {
    for (const { id, missing, status } of controls) {
      expect([id, missing.trim() === '']).toEqual([id, false])
      expect(STATUSES).toHaveProperty(status)
    }
  })

  test.each(frameworks)('%s names each control once', (_name, { controls: some }) => {
    const ids = some.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(1)
  })

  test('questions are numbered Q1 to Q22 in their order', () => {
    expect(EVIDENCE_NAMES.map((name) => EVIDENCE[name].id)).toEqual(Array.from({ length: 22 }, (_, i) => `Q${i + 1}`))
  })
})

describe('words', () => {
  const NEVER =
    /\b(?:passed|pass|complian(?:t|ce)|complies|certified|satisf(?:ied|ies)|anonym\w*|immutable|tamper-proof|non-repudiation|differentially)\b/i
  const texts = [
    ...controls.flatMap(({ about, missing }) => [about, missing]),
    ...EVIDENCE_NAMES.flatMap((name) => {
      const { answers, method, cannotShow, figures, columns } = EVIDENCE[name]
      return [answers, method, cannotShow, ...figures.map(({ says }) => says), ...Object.values(columns).map(({ doc }) => doc)]
    }),
    ...Object.values(STATUSES),
  ]

  test('no text gives a verdict or claims what is never claimed', () => {
    expect(texts.filter((text) => NEVER.test(text))).toEqual([])
    expect(NEVER.test('this control is Compliant')).toBe(true)
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** Colours of the five classes must be told apart by everybody: CIEDE2000 ≥ 12 in each kind of colour vision, 3:1 on the ground. */
const SHEET = readFileSync(new URL('../src/app/base.css', import.meta.url), 'utf8')
const CLASSES = ['accepted', 'invalid', 'forbidden', 'throttled', 'unavailable'] as const
const LINES = ['p50', 'p95', 'p99'] as const

type Colour = readonly [number, number, number]

/** Machado, Oliveira and Fernandes 2009, severity 1. */
const VISION: Readonly<Record<string, readonly Colour[]>> = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('%s', (_theme, index) => {
  test.each(Object.keys(VISION))('classes and lines are told apart with %s colour vision', (vision) => {
    for (const names of [CLASSES, LINES]) {
      const seen = names.map((name) => lab(see(linear(colourOf(name, index)), VISION[vision] ?? [])))
      const distances = seen.flatMap((a, i) => seen.slice(i + 1).map((b) => ciede2000(a, b)))
      expect(Math.min(...distances)).toBeGreaterThanOrEqual(12)
    }
  })

  test('graphics stand 3:1 against the surface, and text 4.5:1', () => {
    const ground = colourOf('surface', index)
    const tooWeak = (names: readonly string[], least: number) =>
      names.filter((name) => contrast(colourOf(name, index), ground) < least)
    expect(tooWeak([...CLASSES, ...LINES, 'edge'], 3)).toEqual([])
    expect(tooWeak(['ink', 'ink-2', 'ink-3', 'accent', 'good', 'bad', 'warn'], 4.5)).toEqual([])
  })
})

test('the formula agrees with the published pairs of Sharma, Wu and Dalal 2005', () => {
  expect(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4)
  expect(ciede2000([50, 2.5, 0], [73, 25, -18])).toBeCloseTo(27.1492, 4)
  expect(ciede2000([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619])).toBeCloseTo(2.0373, 4)
})

function colourOf(name: string, theme: 0 | 1): string {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(SHEET)
  const colour = found?.[theme + 1]
  if (!colour) throw new Error(`base.css has no --${name}`)
  return colour
}

function linear(hex: string): Colour {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

function see(colour: Colour, matrix: readonly Colour[]): Colour {
  const [r = 0, g = 0, b = 0] = matrix.map((row) =>
    Math.min(1, Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2])),
  )
  return [r, g, b]
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, b] = linear(hex)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05)
}

/** CIELAB under D65. */
function lab([r, g, b]: Colour): Colour {
  const f = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b)
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** CIE 142:2001. */
function ciede2000([l1, a1, b1]: Colour, [l2, a2, b2]: Colour): number {
  const radians = Math.PI / 180
  const chroma = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2
  const g = 0.5 * (1 - Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7)))
  const [c1, c2] = [Math.hypot(a1 * (1 + g), b1), Math.hypot(a2 * (1 + g), b2)]
  const hue = (a: number, b: number) => (a === 0 && b === 0 ? 0 : (Math.atan2(b, a * (1 + g)) / radians + 360) % 360)
  const [h1, h2] = [hue(a1, b1), hue(a2, b2)]
  const turn = c1 * c2 === 0 ? 0 : ((h2 - h1 + 540) % 360) - 180
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((turn / 2) * radians)
  const mean =
    c1 * c2 === 0 ? h1 + h2 : Math.abs(h1 - h2) <= 180 ? (h1 + h2) / 2 : h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2
  const t =
    1 -
    0.17 * Math.cos((mean - 30) * radians) +
    0.24 * Math.cos(2 * mean * radians) +
    0.32 * Math.cos((3 * mean + 6) * radians) -
    0.2 * Math.cos((4 * mean - 63) * radians)
  const [lightness, c] = [(l1 + l2) / 2, (c1 + c2) / 2]
  const sL = 1 + (0.015 * (lightness - 50) ** 2) / Math.sqrt(20 + (lightness - 50) ** 2)
  const [sC, sH] = [1 + 0.045 * c, 1 + 0.015 * c * t]
  const rotation = -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * Math.sin(60 * Math.exp(-(((mean - 275) / 25) ** 2)) * radians)
  return Math.sqrt(((l2 - l1) / sL) ** 2 + ((c2 - c1) / sC) ** 2 + (dH / sH) ** 2 + rotation * ((c2 - c1) / sC) * (dH / sH))
}

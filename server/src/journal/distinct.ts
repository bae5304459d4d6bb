/**
 * How many different credentials were there, in 48 bytes: a HyperLogLog of 64 registers of 6 bits (Flajolet et al. 2007).
 * Standard error 13 %. Sketches of parts make the sketch of the whole. What goes in must be a good hash already, as a fingerprint is.
 */
export type Sketch = Uint8Array

const REGISTERS = 64
const ALPHA = 0.709

export function emptySketch(): Sketch {
  return new Uint8Array(REGISTERS)
}

/** Adds a hash of 64 bits, given as two halves. */
export function addToSketch(sketch: Sketch, low: number, high: number): void {
  const register = low & (REGISTERS - 1)
  const rank = Math.clz32(high) + 1
  if (rank > (sketch[register] ?? 0)) sketch[register] = rank
}

export function mergeSketch(into: Sketch, other: Sketch): void {
  for (let i = 0; i < REGISTERS; i++) into[i] = Math.max(into[i] ?? 0, other[i] ?? 0)
}

/** The estimate; by linear counting while registers are empty, where that is the better one. */
export function distinctOf(sketch: Sketch): number {
  const empty = sketch.reduce((count, rank) => count + (rank === 0 ? 1 : 0), 0)
  const estimate = (ALPHA * REGISTERS * REGISTERS) / sketch.reduce((sum, rank) => sum + 2 ** -rank, 0)
  if (estimate > 2.5 * REGISTERS || empty === 0) return Math.round(estimate)
  return Math.round(REGISTERS * Math.log(REGISTERS / empty))
}

/** Four registers in three bytes, as base64. */
export function sketchText(sketch: Sketch): string {
  const packed = Buffer.alloc((REGISTERS * 6) / 8)
  for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
    const [a = 0, b = 0, c = 0, d = 0] = sketch.subarray(i, i + 4)
    packed.writeUIntBE((a << 18) | (b << 12) | (c << 6) | d, at, 3)
  }
  return packed.toString('base64')
}

export function sketchOf(text: string): Sketch {
  const packed = Buffer.from(text, 'base64')
  const sketch = emptySketch()
  for (let i = 0; i < REGISTERS; i++) sketch[i] = (packed.readUIntBE((i >> 2) * 3, 3) >> (18 - 6 * (i & 3))) & 63
  return sketch
}

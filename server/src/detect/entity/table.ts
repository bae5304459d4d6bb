const FORMS = { f64: { bytes: 8 }, f32: { bytes: 4 }, u32: { bytes: 4 }, u16: { bytes: 2 }, u8: { bytes: 1 } } as const
type Form = keyof typeof FORMS

/** One field of a packed record: its form, and how many of them stand side by side. */
export type FieldForm = Form | readonly [form: Form, count: number]

/** Reads and writes one field of a row; small whole numbers stop at what their form holds. */
export interface Field {
  get(row: number, i?: number): number
  set(row: number, value: number, i?: number): void
}

/** What a checkpoint keeps of a table. `rows` is a view into the table: write it before the table changes. */
export interface TableState {
  readonly used: number
  readonly hand: number
  readonly evicted: number
  readonly rows: Uint8Array
}

/**
 * Packed records of one size, found by a key of 64 bits with open addressing, allocated once. When all rows are taken, one that was not
 * seen for long makes room: of sixteen neighbours the one seen longest ago.
 */
export interface Table<Name extends string> {
  readonly fields: Readonly<Record<Name, Field>>
  readonly rowBytes: number
  /** Bytes of rows and index together. */
  readonly bytes: number
  /** Row of a key, −1 for none. */
  find(high: number, low: number): number
  /** Row of a key; a new one is blank. Notes that it was seen at a second since 1970. */
  touch(high: number, low: number, second: number): number
  /** Was the row that `touch` gave last a new one? */
  wasNew(): boolean
  /** Forgets what a row holds; its key stays. */
  blank(row: number): void
  size(): number
  evicted(): number
  snapshot(): TableState
  restore(state: TableState): void
}

const NEIGHBOURS = 16
const OWN = { keyHigh: 'u32', keyLow: 'u32', seen: 'u32' } as const

/** Makes a table for at most `countMax` records. */
export function createTable<const Fields extends Readonly<Record<string, FieldForm>>>(
  countMax: number,
  forms: Fields,
): Table<keyof Fields & string> {
  const { places, rowBytes } = layOut({ ...OWN, ...forms })
  const rows = new ArrayBuffer(rowBytes * countMax)
  const bytes = new Uint8Array(rows)
  const fields = Object.fromEntries(
    Object.entries(places).map(([name, place]) => [name, fieldOf(rows, rowBytes, place)]),
  ) as Record<string, Field>
  const words = new Uint32Array(rows)
  const stride = rowBytes / 4
  const at = {
    high: (places['keyHigh']?.offset ?? 0) / 4,
    low: (places['keyLow']?.offset ?? 0) / 4,
    seen: (places['seen']?.offset ?? 0) / 4,
  }
  const slots = 2 ** Math.ceil(Math.log2(countMax * 1.5))
  /** Row + 1, 0 = free. */
  const index = new Uint32Array(slots)
  let used = 0
  let hand = 0
  let evicted = 0
  let isNew = false

  const slotOf = (high: number, low: number): number => (mix(high, low) & (slots - 1)) >>> 0

  function slotWith(high: number, low: number): number {
    let slot = slotOf(high, low)
    for (let row = index[slot] ?? 0; row !== 0; row = index[slot] ?? 0) {
      const base = (row - 1) * stride
      if (words[base + at.low] === low && words[base + at.high] === high) return slot
      slot = (slot + 1) & (slots - 1)
    }
    return -slot - 1
  }

  function find(high: number, low: number): number {
    const slot = slotWith(high >>> 0, low >>> 0)
    return slot < 0 ? -1 : (index[slot] ?? 0) - 1
  }

  function touch(high: number, low: number, second: number): number {
    let slot = slotWith(high >>> 0, low >>> 0)
    isNew = slot < 0
    if (isNew) slot = add(high >>> 0, low >>> 0)
    const row = (index[slot] ?? 0) - 1
    const seen = row * stride + at.seen
    if (second > (words[seen] ?? 0)) words[seen] = second
    return row
  }

  function add(high: number, low: number): number {
    const row = used < countMax ? used++ : evict()
    const slot = -slotWith(high, low) - 1
    words[row * stride + at.high] = high
    words[row * stride + at.low] = low
    index[slot] = row + 1
    return slot
  }

  function evict(): number {
    let oldest = hand
    for (let i = 1; i < NEIGHBOURS; i++) {
      const row = (hand + i) % countMax
      if ((words[row * stride + at.seen] ?? 0) < (words[oldest * stride + at.seen] ?? 0)) oldest = row
    }
    hand = (hand + NEIGHBOURS) % countMax
    evicted++
    remove(slotWith(words[oldest * stride + at.high] ?? 0, words[oldest * stride + at.low] ?? 0))
    bytes.fill(0, oldest * rowBytes, (oldest + 1) * rowBytes)
    return oldest
  }

  function blank(row: number): void {
    const base = row * stride
    const key = [words[base + at.high] ?? 0, words[base + at.low] ?? 0, words[base + at.seen] ?? 0] as const
    bytes.fill(0, row * rowBytes, (row + 1) * rowBytes)
    ;[words[base + at.high], words[base + at.low], words[base + at.seen]] = key
  }

  /** Closes the hole, so that no search ends too early. */
  function remove(slot: number): void {
    let hole = slot
    for (let next = (slot + 1) & (slots - 1); index[next] !== 0; next = (next + 1) & (slots - 1)) {
      const base = ((index[next] ?? 0) - 1) * stride
      const home = slotOf(words[base + at.high] ?? 0, words[base + at.low] ?? 0)
      if (((next - home) & (slots - 1)) < ((next - hole) & (slots - 1))) continue
      index[hole] = index[next] ?? 0
      hole = next
    }
    index[hole] = 0
  }

  function restore(state: TableState): void {
    if (state.rows.byteLength !== state.used * rowBytes || state.used > countMax)
      throw new RangeError('The state is of a table of another form or size.')
    bytes.fill(0)
    bytes.set(state.rows)
    index.fill(0)
    ;({ used, hand, evicted } = state)
    for (let row = 0; row < used; row++) {
      const base = row * stride
      index[-slotWith(words[base + at.high] ?? 0, words[base + at.low] ?? 0) - 1] = row + 1
    }
  }

  return {
    fields: fields as Record<keyof Fields & string, Field>,
    rowBytes,
    bytes: rows.byteLength + index.byteLength,
    find,
    touch,
    wasNew: () => isNew,
    blank,
    size: () => used,
    evicted: () => evicted,
    snapshot: () => ({ used, hand, evicted, rows: bytes.subarray(0, used * rowBytes) }),
    restore,
  }
}

/** Scatters 64 bits over 32. */
export function mix(high: number, low: number): number {
  let hash = Math.imul(high ^ 0x9e3779b9, 0x85ebca6b) ^ low
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return (hash ^ (hash >>> 16)) >>> 0
}

interface Place {
  readonly form: Form
  readonly offset: number
  readonly count: number
}

/** Widest fields first, so that each stands at a multiple of its size. */
function layOut(forms: Readonly<Record<string, FieldForm>>): {
  readonly places: Readonly<Record<string, Place>>
  readonly rowBytes: number
} {
  const wanted = Object.entries(forms).map(([name, form]) => {
    const [kind, count] = typeof form === 'string' ? ([form, 1] as const) : form
    return { name, form: kind, count }
  })
  let offset = 0
  const places: Record<string, Place> = {}
  for (const { name, form, count } of wanted.toSorted((a, b) => FORMS[b.form].bytes - FORMS[a.form].bytes)) {
    places[name] = { form, offset, count }
    offset += FORMS[form].bytes * count
  }
  const widest = wanted.some(({ form }) => form === 'f64') ? 8 : 4
  return { places, rowBytes: Math.ceil(offset / widest) * widest }
}

type FieldMaker = (rows: ArrayBuffer, stride: number, first: number) => Field

/** One literal for each form: a shared one would see five kinds of arrays and be slow for all. */
const MAKERS: Readonly<Record<Form, FieldMaker>> = {
  f64(rows, stride, first) {
    const view = new Float64Array(rows)
    return {
      get: (row, i = 0) => view[row * stride + first + i] ?? 0,
      set: (row, value, i = 0) => void (view[row * stride + first + i] = value),
    }
  },
  f32(rows, stride, first) {
    const view = new Float32Array(rows)
    return {
      get: (row, i = 0) => view[row * stride + first + i] ?? 0,
      set: (row, value, i = 0) => void (view[row * stride + first + i] = value),
    }
  },
  u32(rows, stride, first) {
    const view = new Uint32Array(rows)
    return {
      get: (row, i = 0) => view[row * stride + first + i] ?? 0,
      set: (row, value, i = 0) => void (view[row * stride + first + i] = value),
    }
  },
  u16(rows, stride, first) {
    const view = new Uint16Array(rows)
    return {
      get: (row, i = 0) => view[row * stride + first + i] ?? 0,
      set: (row, value, i = 0) => void (view[row * stride + first + i] = Math.min(value, 0xffff)),
    }
  },
  u8(rows, stride, first) {
    const view = new Uint8Array(rows)
    return {
      get: (row, i = 0) => view[row * stride + first + i] ?? 0,
      set: (row, value, i = 0) => void (view[row * stride + first + i] = Math.min(value, 0xff)),
    }
  },
}

function fieldOf(rows: ArrayBuffer, rowBytes: number, { form, offset }: Place): Field {
  const { bytes } = FORMS[form]
  return MAKERS[form](rows, rowBytes / bytes, offset / bytes)
}

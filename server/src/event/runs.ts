/**
 * Which events a batch covers and in which order, as runs of consecutive numbers of a writer. In bytes a run is three varints: the
 * change of writer and the change from the end of the run before (both zigzag), and its length; three bytes where tenants alternate.
 */
export interface Run {
  readonly writer: number
  readonly from: number
  readonly count: number
}

/** Gathers runs; numbers come in the order of the leaves. */
export interface RunWriter {
  add(writer: number, seq: number): void
  readonly bytes: number
  runs(): Uint8Array
}

/** Continues what `encoded` holds, where it is given. */
export function createRunWriter(encoded: Uint8Array = new Uint8Array(0)): RunWriter {
  const before = decodeRuns(encoded)
  let open: { writer: number; from: number; count: number } | undefined = before.pop()
  const out = encodeRuns(before)
  let { writer, end } = endOf(before.at(-1))

  function close(): void {
    if (!open) return
    writeRun(out, open, writer, end)
    ;({ writer, end } = endOf(open))
    open = undefined
  }

  return {
    add(by, seq) {
      if (open?.writer === by && open.from + open.count === seq) open.count++
      else {
        close()
        open = { writer: by, from: seq, count: 1 }
      }
    },
    get bytes() {
      return out.length
    },
    runs() {
      const whole = [...out]
      if (open) writeRun(whole, open, writer, end)
      return Uint8Array.from(whole)
    },
  }
}

/** The runs of a batch, in the order of its leaves. */
export function decodeRuns(encoded: Uint8Array): Run[] {
  const runs: Run[] = []
  let at = 0
  let { writer, end } = endOf(undefined)
  const next = (): number => {
    let [value, weight, byte] = [0, 1, 128]
    for (; byte >= 128; weight *= 128) {
      byte = encoded[at++] ?? 0
      value += (byte & 127) * weight
    }
    return value
  }
  while (at < encoded.length) {
    writer += unzigzag(next())
    const run = { writer, from: end + unzigzag(next()), count: next() }
    runs.push(run)
    end = run.from + run.count
  }
  return runs
}

/** Where an event stands among the leaves; `undefined` when the batch does not cover it. */
export function placeInRuns(runs: readonly Run[], writer: number, seq: number): number | undefined {
  let place = 0
  for (const run of runs) {
    if (run.writer === writer && seq >= run.from && seq < run.from + run.count) return place + seq - run.from
    place += run.count
  }
  return undefined
}

function encodeRuns(runs: readonly Run[]): number[] {
  const out: number[] = []
  runs.forEach((run, i) => {
    const { writer, end } = endOf(runs[i - 1])
    writeRun(out, run, writer, end)
  })
  return out
}

function endOf(run: Run | undefined): { writer: number; end: number } {
  return run ? { writer: run.writer, end: run.from + run.count } : { writer: 0, end: 0 }
}

function writeRun(out: number[], run: Run, writer: number, end: number): void {
  for (const value of [zigzag(run.writer - writer), zigzag(run.from - end), run.count]) {
    let left = value
    for (; left > 127; left = Math.floor(left / 128)) out.push((left % 128) | 128)
    out.push(left)
  }
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

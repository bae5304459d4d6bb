import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** Where and with what a run was made; stands in every result. */
export function machineFacts() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    virtual: isVirtual(),
    loadBefore: loadavg()[0] ?? 0,
    node: process.version,
    commit: commitOf(),
  }
}

function isVirtual(): boolean {
  try {
    return / hypervisor /.test(readFileSync('/proc/cpuinfo', 'utf8').replaceAll('\n', ' '))
  } catch {
    return false
  }
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** Percentiles of samples, nearest rank. */
export function percentilesOf(samples: Float64Array | readonly number[]): Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number> {
  const sorted = Float64Array.from(samples).toSorted()
  const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) }
}

/** Counts per bucket of a tenth of a power of two, so that a reader can draw the whole distribution. */
export function histogramOf(samples: Float64Array | readonly number[]): readonly (readonly [upTo: number, count: number])[] {
  const buckets = new Map<number, number>()
  for (const sample of samples) {
    const bucket = Math.ceil(Math.log2(Math.max(sample, 0.001)) * 10)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
  }
  return [...buckets].toSorted((a, b) => a[0] - b[0]).map(([bucket, count]) => [round(2 ** (bucket / 10)), count])
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

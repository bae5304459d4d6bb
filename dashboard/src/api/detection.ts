import { request } from './http.ts'

/** How detection is set for the tenant. */
export interface DetectionSettings {
  readonly timeZone: string
}

/** The last time that a canary was presented as a test. */
export interface CanaryTest {
  readonly at: string
  readonly state: 'running' | 'passed' | 'failed'
  readonly tookMs: number | null
  readonly failure: string | null
}

/** The test is absent for roles that may not know of canaries, null before the first. */
export interface DetectionState extends DetectionSettings {
  readonly canaryTest?: CanaryTest | null
}

export function readDetection(signal?: AbortSignal): Promise<DetectionState> {
  return request('/v1/detection', signal ? { signal } : {})
}

export function changeDetection(body: DetectionSettings): Promise<DetectionSettings> {
  return request('/v1/detection', { method: 'PUT', body })
}

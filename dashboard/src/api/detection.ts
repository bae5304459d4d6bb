import { request } from './http.ts'

/** How detection is set for the tenant. */
export interface DetectionSettings {
  readonly timeZone: string
}

export function readDetection(signal?: AbortSignal): Promise<DetectionSettings> {
  return request('/v1/detection', signal ? { signal } : {})
}

export function changeDetection(body: DetectionSettings): Promise<DetectionSettings> {
  return request('/v1/detection', { method: 'PUT', body })
}

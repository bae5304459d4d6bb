import { cloudtrail } from './cloudtrail.ts'
import { tokentrail } from './tokentrail.ts'
import type { Format } from './format.ts'

/** The logs that `tokentrail import` understands, by name. */
export const FORMATS = { cloudtrail, tokentrail } as const satisfies Record<string, Format>
export type FormatName = keyof typeof FORMATS

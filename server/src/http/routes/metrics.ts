import { Type } from 'typebox'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { SeriesKeyName, StepName, WindowQuery } from '../questions.ts'
import { closed, IdParams, Kind, REFUSALS } from '../schemas.ts'
import { parseWindow } from '../times.ts'

const MONTH_MS = 30 * 86_400_000
const DAY_MS = 86_400_000

import type { Question } from '../question.ts'
import { useBy } from '../use-of-token.ts'

/** Which services asked about a token. */
export const servicesOfToken: Question<'services-of-token'> = useBy('services-of-token', 'service')

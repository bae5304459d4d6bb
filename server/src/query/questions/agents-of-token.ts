import type { Question } from '../question.ts'
import { useBy } from '../use-of-token.ts'

/** Which clients a token was used by. */
export const agentsOfToken: Question<'agents-of-token'> = useBy('agents-of-token', 'client')

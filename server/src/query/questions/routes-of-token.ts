import type { Question } from '../question.ts'
import { useBy } from '../use-of-token.ts'

/** Which routes a token was used on, with their method. */
export const routesOfToken: Question<'routes-of-token'> = useBy(
  'routes-of-token',
  "if(method = '', toString(route), concat(method, ' ', route))",
)

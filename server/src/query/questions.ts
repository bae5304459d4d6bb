import type { Question } from './question.ts'
import { agentsOfToken } from './questions/agents-of-token.ts'
import { completeness } from './questions/completeness.ts'
import { eventsPage } from './questions/events-page.ts'
import { lastUsedByToken } from './questions/last-used-by-token.ts'
import { latencyByStep } from './questions/latency-by-step.ts'
import { placesOfToken } from './questions/places-of-token.ts'
import { rejectionsByReason } from './questions/rejections-by-reason.ts'
import { routesOfToken } from './questions/routes-of-token.ts'
import { scopesOfToken } from './questions/scopes-of-token.ts'
import { servicesOfToken } from './questions/services-of-token.ts'
import { singleUseFunnel } from './questions/single-use-funnel.ts'
import { tokenLifeLine } from './questions/token-life-line.ts'
import { topNetworks } from './questions/top-networks.ts'
import { topTokens } from './questions/top-tokens.ts'
import { totals } from './questions/totals.ts'
import { usesAfterEnd } from './questions/uses-after-end.ts'
import { validationsByStep } from './questions/validations-by-step.ts'
import type { QuestionName } from './rows.ts'

/** Every named question. A question that is missing here does not compile. */
export const QUESTIONS: { readonly [N in QuestionName]: Question<N> } = {
  'validations-by-step': validationsByStep,
  totals,
  'rejections-by-reason': rejectionsByReason,
  'latency-by-step': latencyByStep,
  'top-tokens': topTokens,
  'top-networks': topNetworks,
  'events-page': eventsPage,
  'token-life-line': tokenLifeLine,
  'places-of-token': placesOfToken,
  'agents-of-token': agentsOfToken,
  'routes-of-token': routesOfToken,
  'services-of-token': servicesOfToken,
  'scopes-of-token': scopesOfToken,
  'uses-after-end': usesAfterEnd,
  'single-use-funnel': singleUseFunnel,
  'last-used-by-token': lastUsedByToken,
  completeness,
}

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { t } from '../format/strings.ts'
import { OverviewPage } from '../pages/overview.tsx'
import { SignInPage } from '../pages/sign-in.tsx'
import { auditSearch, eventsSearch, findingsSearch, pageSearch, settingsSearch, tokensSearch } from '../pages/search.ts'
import { Broken, NotFound } from './not-found.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Broken,
})

const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage })

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  validateSearch: pageSearch,
  search: { middlewares: [retainSearchParams(['from', 'to', 'zone'])] },
})

const overview = createRoute({ getParentRoute: () => shell, path: '/', component: OverviewPage })
const tokens = createRoute({
  getParentRoute: () => shell,
  path: '/tokens',
  component: lazyRouteComponent(() => import('../pages/tokens.tsx'), 'TokensPage'),
  validateSearch: tokensSearch,
  beforeLoad: ({ search }) => {
    if (search.kind ?? search.state ?? search.search) return
    throw redirect({ to: '/tokens', search: (search) => ({ ...search, kind: 'access' }), replace: true })
  },
})
const token = createRoute({
  getParentRoute: () => shell,
  path: '/tokens/$id',
  component: lazyRouteComponent(() => import('../pages/token.tsx'), 'TokenPage'),
})
const events = createRoute({
  getParentRoute: () => shell,
  path: '/events',
  component: lazyRouteComponent(() => import('../pages/events.tsx'), 'EventsPage'),
  validateSearch: eventsSearch,
})

const findings = createRoute({
  getParentRoute: () => shell,
  path: '/findings',
  component: lazyRouteComponent(() => import('../pages/findings.tsx'), 'FindingsPage'),
  validateSearch: findingsSearch,
})
const finding = createRoute({
  getParentRoute: () => shell,
  path: '/findings/$id',
  component: lazyRouteComponent(() => import('../pages/finding.tsx'), 'FindingPage'),
})

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  component: lazyRouteComponent(() => import('../pages/audit.tsx'), 'AuditPage'),
  validateSearch: auditSearch,
})

const reports = createRoute({
  getParentRoute: () => shell,
  path: '/reports',
  component: lazyRouteComponent(() => import('../pages/reports.tsx'), 'ReportsPage'),
})

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('../pages/settings.tsx'), 'SettingsPage'),
  validateSearch: settingsSearch,
})

/** Every screen has an address, and its search parameters are its state. */
export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    shell.addChildren([overview, findings, finding, tokens, token, events, audit, reports, settings]),
  ]),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => typeof value === 'string' && value !== '') as [string, string][]
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
  },
  scrollRestoration: true,
  defaultPendingComponent: () => <p role="status">{t.states.loading}</p>,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

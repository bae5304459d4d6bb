import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from '../api/http.ts'
import { createLive } from '../api/live.ts'
import { LiveProvider } from '../parts/live.tsx'
import { SESSION_KEY } from '../pages/session.ts'
import { shouldRetry } from '../pages/use-ask.ts'
import './base.css'
import { router } from './router.tsx'
import { applyTheme, readTheme } from './theme.ts'

/** An answer that asks for a credential means that the session is over: the form stands in the page's place. */
function noticeEnd(error: Error): void {
  if (error instanceof Problem && error.status === 401) cache.setQueryData(SESSION_KEY, null)
}

const cache = new QueryClient({
  queryCache: new QueryCache({ onError: noticeEnd }),
  defaultOptions: {
    queries: { staleTime: 4_000, gcTime: 60_000, retry: shouldRetry, refetchOnWindowFocus: false },
  },
})
const live = createLive()
const root = document.getElementById('root')
if (!root) throw new TypeError('index.html has no element #root')

applyTheme(readTheme())
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <LiveProvider value={live}>
        <RouterProvider router={router} />
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
)

import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

const server = process.env['TOKENTRAIL_URL'] ?? 'http://127.0.0.1:4600'

export default defineConfig({
  plugins: [react()],
  // the client's own sources: the build needs no other build before it
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    target: ['chrome123', 'firefox128', 'safari18'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': server, '/openapi.json': server } },
})

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** `verify.html`: one file with script and style inside, under a policy that allows these two and nothing else. */
export default defineConfig({
  root: folder('verify'),
  base: './',
  publicDir: false,
  plugins: [oneFile()],
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    target: ['chrome123', 'firefox128', 'safari18'],
    outDir: folder('dist'),
    emptyOutDir: false,
    modulePreload: false,
    rollupOptions: { input: folder('verify/verify.html') },
  },
})

/** Puts script and style into the page and names their digests in its policy. */
function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = Object.values(bundle).find((each) => each.fileName.endsWith('.html'))
      if (page?.type !== 'asset') throw new Error('verify.html was not built')
      let [script, style] = ['', '']
      for (const [name, each] of Object.entries(bundle)) {
        if (each.type === 'chunk') script += each.code
        else if (name.endsWith('.css')) style += String(each.source)
        else continue
        delete bundle[name]
      }
      script = script.replaceAll('</script', '<\\/script').trim()
      style = style.trim()
      const policy = [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        'img-src data:',
        `script-src '${digestOf(script)}'`,
        `style-src '${digestOf(style)}'`,
      ]
      page.fileName = 'verify.html'
      page.source = String(page.source)
        .replace(/\s*<script type="module"[^>]*><\/script>/, '')
        .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
        .replace('<!-- policy -->', () => `<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}" />`)
        .replace('<!-- style -->', () => `<style>${style}</style>`)
        .replace('<!-- script -->', () => `<script type="module">${script}</script>`)
    },
  }
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

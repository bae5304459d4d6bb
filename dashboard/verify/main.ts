import './verify.css'
import { judge, readKeys, readNotes } from './judge.ts'
import { byId } from './page.ts'
import { showFault, showJudged, showProgress } from './result.ts'

const keys = byId('keys', HTMLTextAreaElement)
const older = byId('older', HTMLTextAreaElement)
const input = byId('file', HTMLInputElement)
const drop = byId('drop', HTMLDivElement)
const wrong = byId('keys-wrong', HTMLParagraphElement)
const chosen = byId('chosen', HTMLParagraphElement)

let pack: File | undefined
/** Counts the runs, so that an overtaken one shows nothing. */
let run = 0

/** Verifies what is chosen under what was pasted; anew whenever either changes. */
async function verify(): Promise<void> {
  const own = ++run
  const { trust, wrong: problem } = readKeys(keys.value)
  wrong.textContent = problem ?? ''
  wrong.hidden = problem === undefined
  keys.setAttribute('aria-invalid', String(problem !== undefined))
  if (!pack || problem !== undefined) return
  chosen.textContent = `${pack.name} · ${pack.size.toLocaleString('en-US')} bytes`
  showProgress(0)
  try {
    const judged = await judge(pack, trust, readNotes(older.value), (entries) => own === run && showProgress(entries))
    if (own === run) showJudged(judged)
  } catch (error) {
    if (own === run) showFault(error)
  }
}

function choose(file: File | undefined): void {
  if (!file) return
  pack = file
  void verify()
}

byId('give', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault())
input.addEventListener('change', () => choose(input.files?.[0]))
keys.addEventListener('input', () => void verify())
older.addEventListener('input', () => void verify())
for (const name of ['dragenter', 'dragover'] as const)
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.dataset['over'] = 'yes'
  })
for (const name of ['dragleave', 'drop', 'dragend'] as const) document.addEventListener(name, () => delete drop.dataset['over'])
document.addEventListener('drop', (event) => {
  event.preventDefault()
  choose(event.dataTransfer?.files[0])
})

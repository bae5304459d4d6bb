import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { call, download, serverAccess, type ServerOptions } from './api.ts'
import { Failure } from './exit.ts'
import { instant, note, paint, say, sayFacts, sayJson } from './print.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface Subject extends Common {
  readonly subject: string
  readonly ground: string
  readonly approval?: string
}

/** The fields of an erasure's resource that are printed. */
interface Erasure {
  readonly id: string
  readonly state: 'begun' | 'done'
  readonly classes: readonly string[]
  readonly kept: readonly { readonly class: string; readonly until: string; readonly ground: string }[]
  readonly values: number
  readonly keysDigest: string
  readonly begunAt: string
  readonly doneAt: string | null
  readonly deadInBackupsFrom: string
}

type Asked = { readonly approval: { readonly id: string; readonly lapsesAt: string } }

const ASK_AGAIN_MAX = 60

/** `tokentrail erase --subject` */
export function eraseCommand(): Command {
  return aboutSubject(new Command('erase').description('erase a person; a second one agrees'))
    .option('--end-tokens', 'end tokens of the person that still work')
    .action(erase)
}

/** `tokentrail export --subject` */
export function exportCommand(): Command {
  return new Command('export')
    .description('everything held about a person, for an access request: a page for people, lines for machines')
    .requiredOption('--subject <owner>', 'id of the owner')
    .option('--out <file>', 'where to write the zip', 'subject.zip')
    .action(exportSubject)
}

/** `tokentrail restrict --subject` */
export function restrictCommand(): Command {
  return new Command('restrict')
    .description('hide a person from everybody but the privacy officer')
    .requiredOption('--subject <owner>', 'id of the owner')
    .requiredOption('--ground <text>', 'why; for people, never a secret')
    .option('--lift', 'stop hiding them')
    .action(restrict)
}

/** `tokentrail reveal` */
export function revealCommand(): Command {
  return new Command('reveal')
    .description('open a sealed value of the audit log; a second person agrees')
    .argument('<event>', 'id of the event, evt_…')
    .argument('<field>', 'hidden field of its entry, such as owner')
    .requiredOption('--ground <text>', 'why; for people, never a secret')
    .option('--approval <id>', 'the approval that was given for exactly this')
    .action(reveal)
}

/** `tokentrail keys rotate-kek` */
export function keysCommand(common: (command: Command) => Command): Command {
  const keys = new Command('keys').description('the keys under which everything else is wrapped')
  const rotate = new Command('rotate-kek').description('change the key-encryption key and destroy its predecessor')
  return keys.addCommand(common(rotate).action(rotateKek))
}

function aboutSubject(command: Command): Command {
  return command
    .requiredOption('--subject <owner>', 'id of the owner')
    .requiredOption('--ground <text>', 'why; for people, never a secret')
    .option('--approval <id>', 'the approval that was given for exactly this')
}

async function erase({
  subject,
  ground,
  approval,
  endTokens,
  json,
  ...server
}: Subject & { readonly endTokens?: boolean }): Promise<void> {
  const access = serverAccess(server)
  const body = { ground, ...(approval ? { approval } : {}), ...(endTokens ? { endTokens } : {}) }
  const answer = await call<Erasure | Asked>(access, 'POST', `/v1/subjects/${encodeURIComponent(subject)}/erase`, body)
  if ('approval' in answer) return sayAsked(answer, json)
  let erasure = answer
  for (let asked = 0; erasure.state === 'begun' && asked < ASK_AGAIN_MAX; asked++) {
    if (asked === 0) note(paint('dim', 'The person is gone from records and keys; files are being overwritten.'))
    erasure = await call<Erasure>(access, 'GET', `/v1/subjects/erasures/${erasure.id}`)
  }
  if (json) return sayJson(erasure)
  say(erasure.state === 'done' ? 'Erased.' : `Under way: ask again with its id ${erasure.id}.`)
  sayFacts({
    classes: erasure.classes.join(', '),
    kept: erasure.kept.map((kept) => `${kept.class} until ${instant(kept.until)}: ${kept.ground}`).join('; '),
    'sealed values': erasure.values,
    'digest of key ids': erasure.keysDigest,
    'erased here on': instant(erasure.doneAt),
    'dead in backups from': instant(erasure.deadInBackupsFrom),
  })
}

async function exportSubject({
  subject,
  out,
  json,
  ...server
}: Common & { readonly subject: string; readonly out: string }): Promise<void> {
  const zip = await download(serverAccess(server), `/v1/subjects/${encodeURIComponent(subject)}/export`)
  try {
    writeFileSync(out, zip, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new Failure('failed', `The file ${out} cannot be written, or is there already.`, { cause })
  }
  if (json) return sayJson({ file: out, bytes: zip.byteLength })
  say(`Written to ${out} (readable.html, data.ndjson). It holds a person's data: hand it to that person alone.`)
}

async function restrict({ subject, ground, lift, json, ...server }: Subject & { readonly lift?: boolean }): Promise<void> {
  const body = { restricted: lift !== true, ground }
  const answer = await call<{ restricted: boolean }>(
    serverAccess(server),
    'POST',
    `/v1/subjects/${encodeURIComponent(subject)}/restrict`,
    body,
  )
  if (json) return sayJson(answer)
  say(answer.restricted ? 'Hidden from everybody but the privacy officer.' : 'Hidden no more.')
}

async function reveal(
  event: string,
  field: string,
  { ground, approval, json, ...server }: Omit<Subject, 'subject'>,
): Promise<void> {
  const body = { event, field, ground, ...(approval ? { approval } : {}) }
  const answer = await call<{ salt: string; value: string } | Asked>(serverAccess(server), 'POST', '/v1/privacy/reveal', body)
  if ('approval' in answer) return sayAsked(answer, json)
  if (json) return sayJson(answer)
  sayFacts({ value: answer.value, salt: answer.salt })
}

async function rotateKek({ json, ...server }: Common): Promise<void> {
  const answer = await call<{ rewrapped: number; madeAt: string }>(serverAccess(server), 'POST', '/v1/keys/rotate-kek', {})
  if (json) return sayJson(answer)
  say(
    `Changed: ${answer.rewrapped} keys are wrapped anew, the predecessor is destroyed. Back the new key up apart from the data.`,
  )
}

function sayAsked(asked: Asked, json: boolean | undefined): void {
  if (json) return sayJson(asked)
  const { id, lapsesAt } = asked.approval
  say(`A second person has to agree until ${instant(lapsesAt)}: tokentrail approvals give ${id}`)
  say(`Then say the same again with --approval ${id}`)
}

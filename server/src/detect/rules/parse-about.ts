import { type Place, Refused } from './problem.ts'
import { listOf, mapOf, textAt, textsAt, valueAt, wordAt } from './nodes.ts'
import { LEVELS, type RuleAbout, STATUSES } from './rule.ts'
import type { MapNode } from './yaml.ts'

/** What a rule says of itself. Everything that Sigma defines is checked, also what has no effect here. */
export function parseAbout(map: MapNode): RuleAbout {
  const title = required(map, 'title')
  if (title.length > TITLE_CHARS_MAX) refuse(map, 'title', `Expected at most ${TITLE_CHARS_MAX} characters.`)
  return {
    id: idOf(map),
    title,
    name: textAt(map, 'name') ?? null,
    status: wordAt(map, 'status', STATUSES) ?? 'test',
    level: wordAt(map, 'level', LEVELS) ?? 'medium',
    description: textAt(map, 'description') ?? '',
    author: textAt(map, 'author') ?? '',
    license: textAt(map, 'license') ?? '',
    date: dateAt(map, 'date'),
    modified: dateAt(map, 'modified'),
    references: textsAt(map, 'references'),
    tags: tagsOf(map),
    fields: textsAt(map, 'fields'),
    falsepositives: textsAt(map, 'falsepositives'),
    related: relatedOf(map),
    version: versionOf(map),
    at: map.at,
  }
}

const TITLE_CHARS_MAX = 256
const ID = /^(?:[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|[a-z][a-z0-9-]{0,62})$/i

/** A UUID as Sigma wants it, or a short name in kebab case. */
function idOf(map: MapNode): string {
  const id = textAt(map, 'id') ?? textAt(map, 'name')
  if (id === undefined) return refuse(map, 'id', 'Expected an id: a UUID, or a name of letters, digits and "-".')
  if (!ID.test(id)) refuse(map, 'id', 'Expected a UUID, or a name of at most 63 letters, digits and "-".')
  return id.toLowerCase()
}

function required(map: MapNode, key: string): string {
  const text = textAt(map, key)
  return text === undefined || text.trim() === '' ? refuse(map, key, 'Every rule needs it.') : text
}

function dateAt(map: MapNode, key: string): string {
  const text = textAt(map, key)
  if (text === undefined) return ''
  if (!/^\d{4}[-/]\d{2}[-/]\d{2}$/.test(text)) refuse(map, key, 'Expected a date such as 2026-11-25.')
  return text.replaceAll('/', '-')
}

function tagsOf(map: MapNode): readonly string[] {
  const tags = textsAt(map, 'tags')
  const strange = tags.find((tag) => !/^[a-z0-9_-]+\.[\w.-]+$/i.test(tag))
  return strange === undefined ? tags : refuse(map, 'tags', `Expected tags such as attack.t1528, not "${strange.slice(0, 60)}".`)
}

const RELATIONS = ['derived', 'obsolete', 'obsoletes', 'merged', 'renamed', 'similar', 'correlation'] as const

function relatedOf(map: MapNode): RuleAbout['related'] {
  const node = valueAt(map, 'related')
  if (node === undefined) return []
  return listOf(node, 'related').items.map((item) => {
    const entry = mapOf(item, 'related', item.at)
    return { id: required(entry, 'id'), type: wordAt(entry, 'type', RELATIONS) ?? refuse(entry, 'type', 'Expected a type.') }
  })
}

function versionOf(map: MapNode): number {
  const text = textAt(map, 'version')
  if (text === undefined) return 1
  if (!/^[1-9]\d{0,8}$/.test(text)) refuse(map, 'version', 'Expected a whole number from 1.')
  return Number(text)
}

function refuse(map: MapNode, key: string, message: string): never {
  const at: Place = valueAt(map, key)?.at ?? map.at
  throw new Refused(at, key, message)
}

import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node as YamlNode,
} from 'yaml'
import { type Place, Refused } from './problem.ts'

/** A value of a YAML text with its place. Numbers keep the text they were written as. */
export type Node = MapNode | ListNode | ScalarNode
export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly { readonly key: string; readonly at: Place; readonly value: Node }[]
  readonly at: Place
}
export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly at: Place
}
export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly text: string
  readonly at: Place
}

export const RULE_BYTES_MAX = 64 * 1024
const NODES_MAX = 20_000
const DEPTH_MAX = 32
const START: Place = { line: 1, column: 1 }

/** Every document of a YAML text. Bounded in bytes, depth and, where aliases repeat parts, in values. */
export function parseYaml(text: string): readonly Node[] {
  if (Buffer.byteLength(text) > RULE_BYTES_MAX)
    throw new Refused(START, 'file', `Expected at most ${RULE_BYTES_MAX / 1024} KiB per file of rules.`)
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter, uniqueKeys: true, prettyErrors: false, stringKeys: true })
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error) throw new Refused(placeAt(lineCounter, error.pos[0]), 'YAML', error.message.split('\n', 1)[0] ?? '')
    return document.contents === null ? [] : [createReader(document, lineCounter)(document.contents, 0)]
  })
}

function placeAt(lineCounter: LineCounter, offset: number | undefined): Place {
  const { line, col } = lineCounter.linePos(offset ?? 0)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

/** Reads nodes of one document and counts them. */
function createReader(document: Document.Parsed, lineCounter: LineCounter): (node: YamlNode | null, depth: number) => Node {
  let count = 0

  function read(node: YamlNode | null, depth: number): Node {
    const at = placeAt(lineCounter, node?.range?.[0])
    count += 1
    if (count > NODES_MAX || depth > DEPTH_MAX)
      throw new Refused(at, 'YAML', `Expected at most ${NODES_MAX} values, nested at most ${DEPTH_MAX} deep.`)
    if (node === null) return { kind: 'scalar', value: null, text: '', at }
    if (isAlias(node)) return read(aliased(node, document, at), depth + 1)
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => read(item as YamlNode | null, depth + 1)), at }
    if (isMap(node)) return { kind: 'map', entries: node.items.map((pair) => entryOf(pair, at, depth)), at }
    if (isScalar(node)) return scalar(node.value, node.source, at)
    throw new Refused(at, 'YAML', 'Expected a map, a list or a value.')
  }

  function entryOf(pair: unknown, near: Place, depth: number): MapNode['entries'][number] {
    if (!isPair(pair) || !isScalar(pair.key)) throw new Refused(near, 'YAML', 'Expected texts as keys.')
    const at = placeAt(lineCounter, pair.key.range?.[0])
    const value = read(pair.value as YamlNode | null, depth + 1)
    return { key: String(pair.key.value), at, value: pair.value === null ? { ...value, at } : value }
  }

  return read
}

function aliased(node: Alias, document: Document.Parsed, at: Place): YamlNode {
  const target = node.resolve(document)
  if (!target) throw new Refused(at, 'YAML', `There is no anchor &${node.source}.`)
  return target
}

function scalar(value: unknown, source: string | undefined, at: Place): ScalarNode {
  if (typeof value === 'string') return { kind: 'scalar', value, text: value, at }
  if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'scalar', value, text: source ?? String(value), at }
  if (value === null || value === undefined) return { kind: 'scalar', value: null, text: '', at }
  throw new Refused(at, 'YAML', 'Expected a text, a number, true, false or null.')
}

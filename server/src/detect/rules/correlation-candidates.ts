import { SCOPE_SQL } from './backtest-scope.ts'
import type { Field } from './fields.ts'
import type { Bound } from './rule.ts'
import type { CorrelationSource } from './source.ts'
import { compileSql, type SqlCondition, textsSql } from './to-sql.ts'

const EVERYTHING: SqlCondition = { sql: '1', params: {} }

/**
 * The groups and times at which a correlation can fire at all. A window of the time span lies within two neighbouring spans of the clock,
 * so what does not reach the bound there is left out before any event is followed. Where that is not sure, everything is followed.
 */
export function candidatesSql(source: CorrelationSource): SqlCondition {
  const { rule, inputs } = source
  const needed = neededOf(source)
  const [first] = inputs
  if (needed === undefined || !first || inputs.some(({ source: input }) => input.kind !== 'event') || !hasOneGroup(source))
    return EVERYTHING
  const bases = inputs.map(({ source: input }, i) =>
    input.kind === 'event' ? compileSql(input.detection, `c${i}p`) : EVERYTHING,
  )
  const group = groupSql(first.group)
  const value = first.value === null ? undefined : firstText(first.value, 'cvp')
  const span = `intDiv(toUnixTimestamp64Milli(occurred_at), {span:Int64})`
  const measure = measureSql(rule.type, bases, value?.sql)
  const inner = `SELECT ${group.sql} AS g, arrayJoin([${span}, ${span} + 1]) AS s FROM events
    WHERE ${SCOPE_SQL} AND (${bases.map(({ sql }) => sql).join(' OR ')}) GROUP BY g, s HAVING ${measure} >= {needed:Float64}`
  return {
    sql: `((${group.sql}, ${span}) IN (${inner}) OR (${group.sql}, ${span} + 1) IN (${inner}))`,
    params: Object.assign(
      { span: rule.timespanMs, needed },
      group.params,
      value?.params,
      ...bases.map(({ params }) => params),
    ) as SqlCondition['params'],
  }
}

/** The least that a window must reach, where more events can only bring it nearer. */
function neededOf({ rule }: CorrelationSource): number | undefined {
  if (rule.type === 'temporal_ordered') return rule.rules.length
  if (!['event_count', 'value_count', 'temporal'].includes(rule.type)) return undefined
  const least = rule.bounds.map(({ is, value }) => LEAST[is]?.(value)).filter((value) => value !== undefined)
  return least.length === 0 ? undefined : Math.max(...least)
}

const LEAST: Partial<Record<Bound, (value: number) => number>> = {
  gt: (value) => value,
  gte: (value) => value,
  eq: (value) => value,
}

function measureSql(type: CorrelationSource['rule']['type'], bases: readonly SqlCondition[], value: string | undefined): string {
  if (type === 'value_count') return `uniqExact(${value ?? '0'})`
  if (type === 'event_count') return `sum(count * (${bases.map(({ sql }) => `toUInt8(${sql})`).join(' + ')}))`
  return bases.map(({ sql }) => `max(toUInt8(${sql}))`).join(' + ')
}

/** Every input is grouped by the same fields, and there is a group. */
function hasOneGroup({ inputs }: CorrelationSource): boolean {
  const [first] = inputs
  const sameFields = (fields: readonly Field[]): boolean => fields.every((field, i) => field === first?.group[i])
  return (first?.group.length ?? 0) > 0 && inputs.every(({ group, value }) => sameFields(group) && value === first?.value)
}

function groupSql(fields: readonly Field[]): SqlCondition {
  const parts = fields.map((field, i) => firstText(field, `g${i}p`))
  return {
    sql: `tuple(${parts.map(({ sql }) => sql).join(', ')})`,
    params: Object.assign({}, ...parts.map(({ params }) => params)) as SqlCondition['params'],
  }
}

function firstText(field: Field, prefix: string): SqlCondition {
  const { sql, params } = textsSql(field, prefix)
  return { sql: `arrayElement(${sql}, 1)`, params }
}

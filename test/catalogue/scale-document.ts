import { readFileSync } from 'node:fs'
import { packageRoot } from '../../src/package-root.ts'

/** How a table is spread, as docs/scale.md has it done: the document is the declaration, and tests hold the schema to it. */
export type Spread =
  | { kind: 'distributed'; by: string; group: string }
  | { kind: 'reference' }
  | { kind: 'local' }

export const scaleDocument = (): string => readFileSync(`${packageRoot}docs/scale.md`, 'utf8')

/** Reads the commands, and the list of tables that stay where they are. */
export function spreadOfTables(document: string): Map<string, Spread> {
  const spread = new Map<string, Spread>()
  const add = (table: string, how: Spread) => {
    if (spread.has(table)) throw new Error(`docs/scale.md spreads ${table} twice`)
    spread.set(table, how)
  }
  for (const [, table = ''] of document.matchAll(/^select create_reference_table\('(\w+)'\);$/gm)) {
    add(table, { kind: 'reference' })
  }
  const distributed =
    /^select create_distributed_table\('(\w+)', '(\w+)'(?:, colocate_with => '(\w+)')?\);$/gm
  for (const [, table = '', by = '', group] of document.matchAll(distributed)) {
    add(table, { kind: 'distributed', by, group: group === undefined || group === 'none' ? table : group })
  }
  for (const [, tables = ''] of document.matchAll(/^Local: (.*)$/gm)) {
    for (const [, table = ''] of tables.matchAll(/`(\w+)`/g)) add(table, { kind: 'local' })
  }
  return spread
}

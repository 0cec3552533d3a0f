/** What a scenario found: printed as a table, and written as JSON. */
export type Report = {
  scenario: string
  notes: string[]
  table: Record<string, string | number>[]
  aims: Aim[]
}

export type Aim = { what: string; reached: number; aim: string; met: boolean }

export const atLeast = (what: string, reached: number, least: number): Aim => ({
  what,
  reached: rounded(reached),
  aim: `≥ ${least}`,
  met: reached >= least,
})

export const atMost = (what: string, reached: number, most: number): Aim => ({
  what,
  reached: rounded(reached),
  aim: `≤ ${most}`,
  met: reached <= most,
})

/** Three digits that mean something; more would only be noise. */
export const rounded = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))

export function print({ scenario, notes, table, aims }: Report): void {
  console.log(`\n${scenario}`)
  for (const note of notes) console.log(`  ${note}`)
  for (const line of aligned(table)) console.log(`  ${line}`)
  for (const { what, reached, aim, met } of aims)
    console.log(`  ${met ? 'reached' : 'MISSED '}  ${what}: ${reached} (aim ${aim})`)
}

function aligned(table: Report['table']): string[] {
  const columns = [...new Set(table.flatMap(Object.keys))]
  const lines = [columns, ...table.map((row) => columns.map((name) => String(row[name] ?? '')))]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  )
}

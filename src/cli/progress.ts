const every = 2000

/** Tells on standard error how far long work has come, every two seconds, and once more at its end. */
export function showProgress(done: string): { note(table: string, rows: number): void; end(): void } {
  const counts = new Map<string, number>()
  let saidAt = performance.now()
  return {
    note(table, rows) {
      counts.set(table, rows)
      if (performance.now() - saidAt < every) return
      saidAt = performance.now()
      console.error(`  ${table}: ${rows} rows`)
    },
    end() {
      const total = [...counts.values()].reduce((sum, rows) => sum + rows, 0)
      const tables = [...counts].map(([table, rows]) => `${table} ${rows}`).join(', ')
      console.error(`${total} rows ${done} (${tables}).`)
    },
  }
}

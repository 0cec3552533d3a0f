import type { Generator } from './generator.ts'
import type { Options } from './options.ts'
import type { Postgres } from './postgres.ts'

/** What every scenario works with. */
export type Bench = {
  options: Options
  /** Emptied at the end. */
  folder: string
  postgres: Postgres
  generator: Generator
  say(text: string): void
}

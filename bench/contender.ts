import type { RequestForm } from './generator/job.ts'

/** One of those that are compared: a running server that issues codes and checks them. */
export type Contender = AsyncDisposable & {
  name: string
  /** The one that answers comes first. */
  pids: [number, ...number[]]
  port: number
  /** Its row is an email address. */
  issue: RequestForm
  check: RequestForm
  /** Called before codes are asked for under this prefix, at most so many. Untimed. */
  expect(prefix: string, most: number): Promise<void>
  /** The row that each check is made of, from what issuing captured. Untimed: no contender answers with its code. */
  checksOf(issued: Issued[]): Promise<string[][]>
  /** Until nothing is left to do that would take time from whose turn is next. */
  rest(): Promise<void>
}

export type Issued = { email: string; captured: string }

/** The same for all: connections from the server to PostgreSQL. */
export const poolSize = 16

export const emailForm = '{0}@bench.example'

/** What the load generator is asked to do: many requests of one form. `{0}`, `{1}`, … stand for the values of a row. */
export type Job = {
  request: RequestForm
  port: number
  /** A row a request; or as many as there is time for, each with this prefix and a number as its only value. */
  rows: string[][] | { prefix: string }
  pace: Pace
}

export type RequestForm = {
  method?: 'GET' | 'POST'
  path: string
  body: string
  headers: Record<string, string>
  expect: number
  /** A text field of the JSON answer that is given back for each row. */
  capture?: string
}

/**
 * `connections`: each sends its next request when it has its answer. `rate`: requests are sent at even moments, whatever
 * became of those before, so a slow answer delays no other.
 */
export type Pace = { connections: number; seconds?: number } | { rate: number }

export type Outcome = {
  /** Milliseconds from a request to its answer, row by row. */
  latencies: number[]
  /** When each was sent, on the clock that all processes of the machine share. */
  sentAt: number[]
  captured: string[]
  seconds: number
}

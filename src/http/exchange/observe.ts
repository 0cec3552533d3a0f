import type { RefusalCode } from '../../core/refusal.ts'

/** What is told of each request, to logs and metrics: its route as a pattern, never its path or anything it said. */
export type Observed = {
  method: string
  route: string
  status: number
  milliseconds: number
  requestId: string
  refusal: RefusalCode | undefined
  /** The header that made a request one of somewhere else: the operator's settings may be what is wrong. */
  elsewhere: { header: 'Host' | 'Origin'; value: string | undefined } | undefined
}

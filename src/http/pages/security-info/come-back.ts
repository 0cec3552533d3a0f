import { returnPath } from '../../../core/sign-in/return-path.ts'
import type { SignedInSession } from '../../../operations/requester.ts'
import type { Answering } from '../../exchange/exchange.ts'

/**
 * Where a page of security info comes back to when it is done: to another page of the same account's security that led
 * there, such as a removal that wants something else first, or the checkup. It stands in the address, so that it outlasts
 * a step-up on the way.
 */
export function comingBackTo(c: Answering, { handle }: SignedInSession): string | undefined {
  const path = returnPath(c.req.query('return_to'))
  return path?.startsWith(`/account/${handle}/security/`) ? path : undefined
}

/** The address of a page that comes back. */
export const thatComesBack = (page: string, to: string | undefined): string =>
  to === undefined ? page : `${page}?return_to=${encodeURIComponent(to)}`

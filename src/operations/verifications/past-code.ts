import type { Refusal } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { canonicalCode } from '../../core/verifications/code.ts'
import { type AwaitedCode, refusalOfPastCode } from '../../core/verifications/past-code.ts'
import type { Verification } from '../../core/verifications/verification.ts'
import { findPastCode, pastVerifications } from '../../storage/past-code.ts'
import { find, type Whose } from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'

/**
 * Why a code that this browser typed was declined, said better than "wrong" where it got that code before: used
 * (in this window or another), replaced, expired. Only codes that open nothing any more are looked at, so no try is
 * spent on it and none is to be had.
 *
 * @param declined what it was declined with: another answer than a wrong code stays as it is, unless the page it was
 *   typed into had ended or gone on
 * @param awaited the verification that the page waits for
 */
export async function explainPastCode(
  deps: Deps,
  browser: Buffer,
  typed: string,
  declined: Refusal,
  awaited: Whose | undefined,
  now: Instant,
): Promise<Refusal> {
  const code = canonicalCode(typed)
  if (code === undefined || !mayHideAPastCode.has(declined.code)) return declined
  const { sql } = deps.database
  const ring = deps.keyring.current()
  const candidates = (await pastVerifications(sql, browser)).flatMap(({ subject, id, keys }) =>
    keys.flatMap((key) => {
      const mac = ring.find(key)?.codeMac(id, code)
      return mac === undefined ? [] : [{ subject, id, key, mac }]
    }),
  )
  const past = candidates.length === 0 ? undefined : await findPastCode(sql, candidates)
  if (past === undefined) return declined
  const found = awaited && (await find(sql, awaited))
  return refusalOfPastCode(past, found && awaitedAs(awaited, found.verification), now) ?? declined
}

const awaitedAs = ({ subject }: Whose, verification: Verification): AwaitedCode => ({
  flowId: subject,
  sentAt: verification.lastSentAt,
  attemptsLeft: verification.attemptsAllowed - verification.attempts,
})

const mayHideAPastCode: ReadonlySet<Refusal['code']> = new Set(['code_wrong', 'step_elsewhere', 'flow_ended'])

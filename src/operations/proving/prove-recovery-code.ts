import type { LimitKey } from '../../core/limits.ts'
import type { Proof } from '../../core/proving/proof.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { canonicalRecoveryCode } from '../../core/security-info/recovery-code.ts'
import type { Instant } from '../../core/time.ts'
import { hashRecoveryCode, recoveryCodeAfter } from '../../secrets/recovery-code.ts'
import { useRecoveryCode } from '../../storage/security-info.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import type { Requester } from '../requester.ts'
import { takeGuess } from './guess-limits.ts'

/** A recovery code to prove in a flow: whose, who types it, and what a wrong one counts against. */
type RecoveryCodeItem = {
  accountId: string
  flowId: string
  guesses: readonly LimitKey[]
  requester: Requester
  now: Instant
}

/**
 * A recovery code, which is used once and at once replaced (NIST SP 800-63B-4 §4.2.1.1). Where everything stops before
 * the one that takes its place is shown, the used one, typed again in the same flow, shows it; anywhere else it is used.
 *
 * Refusals: `recovery_code_malformed` (nothing counted), `wrong_codes_limit`, `item_closed`, `recovery_code_wrong`.
 *
 * @returns what was proved, and the code that takes its place, sealed until its owner has saved it
 */
export async function proveRecoveryCode(
  deps: Deps,
  { accountId, flowId, guesses, requester, now }: RecoveryCodeItem,
  typed: string,
): Promise<Result<{ proof: Proof; sealedCode: string }>> {
  const { sql } = deps.database
  const ring = deps.keyring.current()
  const code = canonicalRecoveryCode(typed)
  if (code === undefined) return refuse({ code: 'recovery_code_malformed' })
  const guess = await takeGuess(deps, guesses, now)
  if (!guess.ok) return guess
  const next = recoveryCodeAfter(ring, accountId, flowId, code)
  const hashes = [hashRecoveryCode(accountId, code), hashRecoveryCode(accountId, next)] as const
  const used = await deps.database.transaction(async (held) => {
    const replaced = await useRecoveryCode(held, accountId, ...hashes)
    if (replaced?.result === 'used') {
      await recordChange(deps, held, accountId, { kind: 'recovery_code_used' }, requester, now)
    }
    return replaced
  })
  if (used === undefined) return refuse({ code: 'recovery_code_wrong' })
  deps.wakeOutbox()
  await deps.guessSql.giveBack(sql, guess.value)
  const sealed = ring.lasting.seal(next, boundTo(flowId))
  return accept({
    proof: { kind: 'recovery_code', at: now, itemId: used.itemId },
    sealedCode: sealed.toString('base64url'),
  })
}

/** The recovery code that took the place of the used one. */
export const openSealedCode = (deps: Deps, flowId: string, sealedCode: string): string =>
  deps.keyring.current().lasting.open(Buffer.from(sealedCode, 'base64url'), boundTo(flowId))

const boundTo = (flowId: string): string => `recovery code ${flowId}`

import type { Proof } from '../../core/people/session.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { canonicalRecoveryCode } from '../../core/security-info/recovery-code.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { hashRecoveryCode, recoveryCodeAfter } from '../../secrets/recovery-code.ts'
import { useRecoveryCode } from '../../storage/security-info.ts'
import { noteChange } from '../changes/note-change.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { takeGuess } from './prove-totp.ts'

/**
 * A recovery code, which is used once and at once replaced (NIST SP 800-63B-4 §4.2.1.1). Where everything stops before
 * the one that takes its place is shown, the used one, typed again in the same flow, shows it; anywhere else it is used.
 *
 * Refusals: `recovery_code_malformed` (nothing counted), `wrong_codes_limit`, `item_closed`, `recovery_code_wrong`.
 *
 * @returns what was proved, and the code that takes its place: shown now, and never again
 */
export async function proveRecoveryCode(
  deps: Deps,
  { accountId, flowId }: { accountId: string; flowId: string },
  typed: string,
  guesses: readonly LimitKey[],
  source: Source,
  now: Instant,
): Promise<Result<{ proof: Proof; next: string }>> {
  const { sql } = deps.database
  const code = canonicalRecoveryCode(typed)
  if (code === undefined) return refuse({ code: 'recovery_code_malformed' })
  const guess = await takeGuess(deps, guesses, now)
  if (!guess.ok) return guess
  const next = recoveryCodeAfter(deps.keyring.current(), accountId, flowId, code)
  const hashes = [hashRecoveryCode(accountId, code), hashRecoveryCode(accountId, next)] as const
  const used = await deps.database.transaction(async (held) => {
    const taken = await useRecoveryCode(held, accountId, ...hashes)
    if (taken?.result === 'used') {
      await noteChange(deps, held, accountId, { kind: 'recovery_code_used' }, source, now)
    }
    return taken
  })
  if (used === undefined) return refuse({ code: 'recovery_code_wrong' })
  deps.wakeOutbox()
  await deps.guessSql.giveBack(sql, guess.value)
  return accept({ proof: { kind: 'recovery_code', at: now, itemId: used.itemId }, next })
}

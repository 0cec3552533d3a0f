import type { Proof } from '../../core/people/session.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type CredentialName, relyingPartyOf, requestOptions } from '../../core/security-info/passkey.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { passkeyChallenge } from '../../secrets/passkey.ts'
import { passkeysOf } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import type { FlowForm } from './flow-acts.ts'
import { provePasskey } from './prove-passkey.ts'
import { proveRecoveryCode } from './prove-recovery-code.ts'
import { proveTotp } from './prove-totp.ts'

/** Where a flow waits for a proof that is no code to a contact. */
type Asked = { flowId: string; step: string; accountId: string; itemId: string | undefined }

/** What was proved; with a recovery code the one that takes its place, sealed until its owner has kept it. */
export type ProvedItem = { proof: Proof; sealedCode: string | undefined }

/**
 * Takes the proof that a step of a flow asks for, past the password or within a session: an authenticator app's code, a
 * passkey, or a recovery code.
 *
 * @param guesses what a wrong code counts against
 *
 * Refusals: `step_elsewhere`, and those of `proveTotp`, `provePasskey` and `proveRecoveryCode`.
 */
export async function proveItem(
  deps: Deps,
  { flowId, step, accountId, itemId }: Asked,
  form: FlowForm,
  guesses: readonly LimitKey[],
  source: Source,
  now: Instant,
): Promise<Result<ProvedItem>> {
  if (itemId === undefined || form.act !== step) return refuse({ code: 'step_elsewhere' })
  switch (step) {
    case 'totp':
      return bare(await proveTotp(deps, { accountId, itemId }, form.code ?? '', guesses, now))
    case 'passkey': {
      const challenge = flowChallenge(deps, flowId, form.revision ?? '')
      const asked = { challenge, verified: false }
      return bare(await provePasskey(deps, accountId, form.credential ?? '', asked, source, now))
    }
    case 'recovery_code': {
      const asked = { accountId, flowId }
      const proved = await proveRecoveryCode(deps, asked, form.recovery_code ?? '', guesses, source, now)
      if (!proved.ok) return proved
      const sealed = deps.keyring.current().lasting.seal(proved.value.next, boundTo(flowId))
      return accept({ proof: proved.value.proof, sealedCode: sealed.toString('base64url') })
    }
    default:
      return refuse({ code: 'step_elsewhere' })
  }
}

const bare = (proved: Result<Proof>): Result<ProvedItem> =>
  proved.ok ? accept({ proof: proved.value, sealedCode: undefined }) : proved

/** What the page of a flow asks the browser for: any passkey of the account. */
export async function flowPasskeyOptions(
  deps: Deps,
  flow: { id: string; revision: number },
  accountId: string,
  origin: string,
) {
  const allow: CredentialName[] = (await passkeysOf(deps.database.sql, accountId)).map((one) => ({
    id: one.credentialId.toString('base64url'),
    transports: one.transports,
  }))
  const rp = relyingPartyOf(origin, deps.operatorName)
  const challenge = flowChallenge(deps, flow.id, String(flow.revision))
  return requestOptions({ rp, challenge, allow, verified: false })
}

/** Of a flow's form of one revision: as each is worked off once, its challenge is answered once. */
const flowChallenge = (deps: Deps, flowId: string, revision: string): string =>
  passkeyChallenge(deps.keyring.current(), 'flow', flowId, revision)

/** The recovery code that took the place of the used one. */
export const openSealedCode = (deps: Deps, flowId: string, sealedCode: string): string =>
  deps.keyring.current().lasting.open(Buffer.from(sealedCode, 'base64url'), boundTo(flowId))

const boundTo = (flowId: string): string => `recovery code ${flowId}`

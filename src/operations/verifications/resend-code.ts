import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { Channel } from '../../core/verifications/delivery.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { decideResend, type Verification } from '../../core/verifications/verification.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { anyOf, newCode, newTimeId } from '../../secrets/random.ts'
import { sealBound } from '../../secrets/sealed-code.ts'
import { queue } from '../../storage/message.ts'
import type { Sql } from '../../storage/sql.ts'
import {
  type FoundVerification,
  find,
  hold,
  noteResend,
  ofApplication,
  renewCode,
  type Whose,
} from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'
import { inASecond, mayPassOnAnotherShard, quotaKey, shardsTried, whyLimited } from './limits.ts'
import { takePhoneSend } from './phone-sends.ts'
import { TakenBack } from './taken-back.ts'

/** Sends a code again for the application that asked for it. Refusals: those of `resendCode`. */
export const resendApplicationCode = (
  deps: Deps,
  applicationId: string,
  id: string,
  channel: Channel | undefined,
): Promise<Result<{ verification: Verification; now: Instant }>> =>
  resendCode(deps, ofApplication(applicationId, id), channel, (ring) => [
    quotaKey(ring, applicationId, anyOf(deps.limits.quotaShards)),
  ])

/**
 * Sends the code of a verification once more, as a message of its own: the same code, or a new one beside it where the
 * old is about to die.
 *
 * @param sourceKeys what else the send counts against: the application's quota, or browser and network
 *
 * Refusals: `resend_too_soon`, `resends_spent`, `sends_limit`, `channel_unavailable`, `phone_prefix_closed`,
 * `phone_budget_spent`, those of an ended verification, `verification_unknown`.
 */
export async function resendCode(
  deps: Deps,
  whose: Whose,
  channel: Channel | undefined,
  sourceKeys: (ring: Keyring) => LimitKey[],
): Promise<Result<{ verification: Verification; now: Instant }>> {
  const before = await find(deps.database.sql, whose)
  if (before === undefined) return refuse({ code: 'verification_unknown' })
  const early = decideResend(before.verification, deps.policy.code, before.now)
  if (!early.ok) return early
  const to = channel ?? before.verification.channel
  const unavailable = whyChannelUnavailable(deps, before.verification, to)
  if (unavailable !== undefined) return refuse(unavailable)

  for (let tries = 1; ; tries += 1) {
    const keys = [destinationKeyOf(before), ...sourceKeys(deps.keyring.current())]
    const outcome = await deps.database
      .transaction((sql) => resend(deps, sql, whose, to, keys))
      .catch((fault) => {
        if (fault instanceof TakenBack) return refuse(fault.refusal)
        throw fault
      })
    if (outcome !== 'limited') {
      if (outcome.ok) deps.wakeOutbox()
      return outcome
    }
    const refusal = await whyLimited(deps, keys)
    if (!mayPassOnAnotherShard(refusal) || tries >= shardsTried) {
      return refuse(refusal ?? { code: 'unavailable', ...(await inASecond(deps)) })
    }
  }
}

/**
 * The limits are locked first and the verification second, as a check does: two that locked in another order would
 * wait for each other. What was decided before is decided again now that nobody else can change it.
 */
async function resend(
  deps: Deps,
  sql: Sql,
  whose: Whose,
  channel: Channel,
  keys: LimitKey[],
): Promise<Result<{ verification: Verification; now: Instant }> | 'limited'> {
  if ((await deps.verificationSql.take(sql, keys)) === 'limited') return 'limited'
  const held = await hold(sql, whose)
  if (held === undefined) throw new TakenBack({ code: 'verification_unknown' })
  const decision = decideResend(held.verification, deps.policy.code, held.now)
  if (!decision.ok) throw new TakenBack(decision.refusal)
  if (channel !== 'email') await takePhoneSend(deps, sql, held.verification.destination)
  if (decision.value.repeat === 'same_code') await noteResend(sql, whose)
  else await renew(deps, sql, whose, held.verification)
  await queue(sql, { subject: whose.subject, id: newTimeId(), verificationId: whose.id, channel })
  const { sends, expiresAt } = held.verification
  const verification = {
    ...held.verification,
    sends: sends + 1,
    lastSentAt: held.now,
    expiresAt: decision.value.repeat === 'same_code' ? expiresAt : decision.value.expiresAt,
  }
  return accept({ verification, now: held.now })
}

/** A text may be followed by a call to the same number; a mail has no other channel. */
function whyChannelUnavailable(
  deps: Deps,
  verification: Verification,
  channel: Channel,
): Refusal | undefined {
  const sameKind = (channel === 'email') === (verification.channel === 'email')
  return sameKind && deps.channels.has(channel) ? undefined : { code: 'channel_unavailable', channel }
}

const destinationKeyOf = ({ verification, destinationKey }: FoundVerification): LimitKey => ({
  kind: verification.channel === 'email' ? 'email' : 'phone',
  key: destinationKey,
})

async function renew(deps: Deps, sql: Sql, whose: Whose, verification: Verification): Promise<void> {
  const { id, destination, codeLength } = verification
  const { current } = deps.keyring.current()
  const code = newCode(codeLength as CodeLength)
  const fresh = {
    key: current.id,
    mac: current.codeMac(id, code),
    sealed: current.seal(code, sealBound(id, destination)),
  }
  await renewCode(sql, whose, fresh, deps.policy.code.lifetime)
}

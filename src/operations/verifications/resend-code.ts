import { accept, type RefusalOf, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { Channel } from '../../core/verifications/delivery.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { decideResend, type EndedRefusal, type Verification } from '../../core/verifications/verification.ts'
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
import { mayPassOnAnotherShard, quotaKey, shardsTried, whyLimited } from './limits.ts'
import { takePhoneSend } from './phone-sends.ts'
import { transactionOrRefusal } from './taken-back.ts'

type Resent = { verification: Verification; now: Instant }
type ResendRefusal =
  | EndedRefusal
  | 'resend_too_soon'
  | 'resends_spent'
  | 'sends_limit'
  | 'channel_unavailable'
  | 'phone_prefix_closed'
  | 'phone_budget_spent'
  | 'verification_unknown'
  | 'unavailable'

/** Sends a code again for the application that asked for it. */
export const resendApplicationCode = (
  deps: Deps,
  applicationId: string,
  id: string,
  channel: Channel | undefined,
): Promise<Result<Resent, ResendRefusal>> =>
  resendCode(deps, ofApplication(applicationId, id), channel, (ring) => [
    quotaKey(ring, applicationId, anyOf(deps.limits.quotaShards)),
  ])

/**
 * Sends the code of a verification once more, as a message of its own: the same code, or a new one beside it where the
 * old is about to die.
 *
 * @param sourceKeys what else the send counts against: the application's quota, or browser and network
 */
export async function resendCode(
  deps: Deps,
  whose: Whose,
  channel: Channel | undefined,
  sourceKeys: (ring: Keyring) => LimitKey[],
): Promise<Result<Resent, ResendRefusal>> {
  const before = await find(deps.database.sql, whose)
  if (before === undefined) return refuse({ code: 'verification_unknown' })
  const early = decideResend(before.verification, deps.policy.code, before.now)
  if (!early.ok) return early
  const to = channel ?? before.verification.channel
  const unavailable = whyChannelUnavailable(deps, before.verification, to)
  if (unavailable !== undefined) return refuse(unavailable)

  for (let tries = 1; ; tries += 1) {
    const keys = [destinationKeyOf(before), ...sourceKeys(deps.keyring.current())]
    const outcome = await transactionOrRefusal(deps.database, (sql) => resend(deps, sql, whose, to, keys))
    if (!outcome.ok) return outcome
    if (outcome.value !== 'limited') {
      deps.wakeOutbox()
      return accept(outcome.value)
    }
    const refusal = await whyLimited(deps, keys)
    if (!mayPassOnAnotherShard(refusal) || tries >= shardsTried) {
      return refuse(refusal ?? { code: 'unavailable', retryAt: Date.now() + seconds(1) })
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
): Promise<Result<Resent | 'limited', ResendRefusal>> {
  if ((await deps.verificationSql.take(sql, keys)) === 'limited') return accept('limited')
  const held = await hold(sql, whose)
  if (held === undefined) return refuse({ code: 'verification_unknown' })
  const decision = decideResend(held.verification, deps.policy.code, held.now)
  if (!decision.ok) return decision
  if (channel !== 'email') {
    const taken = await takePhoneSend(deps, sql, held.verification.destination)
    if (!taken.ok) return taken
  }
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
): RefusalOf<'channel_unavailable'> | undefined {
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

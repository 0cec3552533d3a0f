import { type Address, mayTakeTexts, type Phone, parseEmail, parsePhone } from '../../core/address.ts'
import type { LimitKey } from '../../core/limits.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { Channel } from '../../core/verifications/delivery.ts'
import { decideResend, type Verification } from '../../core/verifications/verification.ts'
import { anyOf, newCode, newTimeId } from '../../secrets/random.ts'
import { sealBound } from '../../secrets/sealed-code.ts'
import { queue } from '../../storage/message.ts'
import type { Sql } from '../../storage/sql.ts'
import { find, hold, noteResend, ofApplication, renewCode, type Whose } from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'
import { Rollback } from '../rollback.ts'
import { destinationKey, mayPassOnAnotherShard, quotaKey, shardsTried, whyLimited } from './limits.ts'
import { countPhoneSend } from './phone-sends.ts'

/** Sends a code again for the application that asked for it. Refusals: those of `resendCode`. */
export const resendApplicationCode = (
  deps: Deps,
  applicationId: string,
  id: string,
  channel: Channel | undefined,
): Promise<Result<{ verification: Verification; now: Instant }>> =>
  resendCode(deps, ofApplication(applicationId, id), {
    channel,
    trusted: false,
    keys: (address) => [
      destinationKey(deps.keyring.current(), applicationId, address),
      quotaKey(deps.keyring.current(), applicationId, anyOf(deps.limits.quotaShards)),
    ],
  })

/** How a code is sent once more. */
export type Resend = {
  channel?: Channel | undefined
  /** What the send counts against, for the address it goes to. */
  keys: (address: Address) => LimitKey[]
  /** Whether a closed number range, and the last fifth of the day's budget, are open to it. */
  trusted: boolean
  /** `decoy` where nothing is to be sent. */
  messageKind?: 'decoy'
}

/**
 * Sends the code of a verification once more, as a message of its own: the same code, or a new one beside it where the
 * old is about to die.
 *
 * Refusals: `resend_too_soon`, `resends_spent`, `sends_limit`, `channel_unavailable`, `phone_takes_no_texts`,
 * `phone_prefix_closed`, `phone_budget_spent`, those of an ended verification, `verification_unknown`.
 */
export async function resendCode(
  deps: Deps,
  whose: Whose,
  options: Resend,
): Promise<Result<{ verification: Verification; now: Instant }>> {
  const before = await find(deps.database.sql, whose)
  if (before === undefined) return refuse({ code: 'verification_unknown' })
  const early = decideResend(before.verification, deps.policy.code, before.now)
  if (!early.ok) return early
  const to = options.channel ?? before.verification.channel
  const unavailable = whyChannelUnavailable(deps, before.verification, to)
  if (unavailable !== undefined) return refuse(unavailable)

  for (let tries = 1; ; tries += 1) {
    const keys = options.keys(addressOf(before.verification))
    const outcome = await deps.database
      .transaction((sql) => resend(deps, sql, whose, { ...options, channel: to, limits: keys }))
      .catch((fault) => {
        if (fault instanceof Rollback) return refuse(fault.refusal)
        throw fault
      })
    if (outcome !== 'limited') {
      if (outcome.ok) deps.wakeOutbox()
      return outcome
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
  { channel, limits, trusted, messageKind }: Resend & { channel: Channel; limits: LimitKey[] },
): Promise<Result<{ verification: Verification; now: Instant }> | 'limited'> {
  if ((await deps.verificationSql.take(sql, limits)) === 'limited') return 'limited'
  const held = await hold(sql, whose)
  if (held === undefined) throw new Rollback({ code: 'verification_unknown' })
  const decision = decideResend(held.verification, deps.policy.code, held.now)
  if (!decision.ok) throw new Rollback(decision.refusal)
  if (channel !== 'email' && messageKind !== 'decoy') {
    await countPhoneSend(deps, sql, held.verification.destination, trusted)
  }
  if (decision.value.repeat === 'same_code') await noteResend(sql, whose)
  else await renew(deps, sql, whose, held.verification)
  await queue(sql, {
    subject: whose.subject,
    id: newTimeId(),
    verificationId: whose.id,
    channel,
    messageKind,
  })
  const { sends, expiresAt } = held.verification
  const verification = {
    ...held.verification,
    sends: sends + 1,
    lastSentAt: held.now,
    expiresAt: decision.value.repeat === 'same_code' ? expiresAt : decision.value.expiresAt,
  }
  return accept({ verification, now: held.now })
}

/** A text may be followed by a call to the same number, and a call by a text where one can arrive; a mail has no other channel. */
function whyChannelUnavailable(
  deps: Deps,
  verification: Verification,
  channel: Channel,
): Refusal | undefined {
  const sameKind = (channel === 'email') === (verification.channel === 'email')
  if (!sameKind || !deps.channels.has(channel)) return { code: 'channel_unavailable', channel }
  const isCallBefore = channel === 'sms' && verification.channel === 'voice'
  if (isCallBefore && !mayTakeTexts(verification.destination as Phone))
    return { code: 'phone_takes_no_texts' }
  return undefined
}

function addressOf({ channel, destination }: Verification): Address {
  const phone = channel === 'email' ? undefined : parsePhone(destination)
  if (phone?.ok) return { kind: 'phone', ...phone.value }
  const email = parseEmail(destination)
  if (email.ok) return { kind: 'email', email: email.value }
  throw new Error('A stored destination is no address.')
}

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

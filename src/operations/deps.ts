import type { ShardedRules } from '../core/limits.ts'
import type { Policy } from '../core/policy.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { Locale } from '../core/verifications/message.ts'
import type { FollowedKeyring } from '../secrets/keyring-file.ts'
import type { GuessSql } from '../storage/guesses.ts'
import type { Database } from '../storage/sql.ts'
import type { VerificationSql } from '../storage/verification-sql.ts'
import type { VerificationBatches } from './micro-batching.ts'

/** Where an address is, in words of a language; undefined where nothing is known of it. */
export type PlaceOf = (ip: string, locale: Locale) => string | undefined

/** What operations stand on. Made once, by the composition root. */
export type Deps = {
  database: Database
  keyring: FollowedKeyring
  policy: Policy
  limits: ShardedRules
  verificationSql: VerificationSql
  together: VerificationBatches
  guessSql: GuessSql
  /** The name that people know the service by. */
  operatorName: string
  /** The channels that a provider carries. */
  channels: ReadonlySet<Channel>
  placeOf: PlaceOf
  /** Tells the outbox workers, here or in other processes, that a message is due. Called after commit. */
  wakeOutbox: () => void
}

import { type Duration, days, type Instant, minutes } from '../time.ts'

export type SessionLife = { createdAt: Instant; lastSeenAt: Instant; endedAt: Instant | undefined }

/** ASVS 7.3: a session ends after rest, and whatever happens after some time. */
export const sessionIdle: Duration = days(14)
export const sessionLongest: Duration = days(90)
/** `last_seen_at` is written at most this often: reading a session should not write each time. */
export const seenEvery: Duration = minutes(5)

/**
 *     living --14 days unused, or 90 days--> ended (computed)
 *        '----sign out, password change----> ended
 */
export function isLiving(session: SessionLife, now: Instant): boolean {
  if (session.endedAt !== undefined) return false
  return now < session.lastSeenAt + sessionIdle && now < session.createdAt + sessionLongest
}

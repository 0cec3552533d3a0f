import { hours } from '../../core/time.ts'
import { hashToken, newLinkToken } from '../../secrets/tokens.ts'
import { hasAdministrator, setRole } from '../../storage/account.ts'
import {
  endInvitations,
  insertInvitation,
  isInvitationOpen,
  useInvitation,
} from '../../storage/invitation.ts'
import type { Database } from '../../storage/sql.ts'

const invitationLasts = hours(1)

/** Makes a one-time link's token for the first administrator. @returns undefined where there is one already */
export async function inviteAdministrator(database: Database): Promise<string | undefined> {
  if (await hasAdministrator(database.sql)) return undefined
  const token = newLinkToken()
  await insertInvitation(database.sql, token.hash, invitationLasts)
  return token.text
}

/** Whether the link still works: used once, for an hour, and only while there is no administrator. */
export const isInvited = (database: Database, token: string): Promise<boolean> =>
  isInvitationOpen(database.sql, hashToken(token))

/** What a sign-up carries of the link. */
export const invitationOf = (token: string): string => hashToken(token).toString('base64url')

/** Makes an account that is signed in an administrator's. @returns false where the link has ended */
export async function acceptInvitation(
  database: Database,
  token: string,
  accountId: string,
): Promise<boolean> {
  return database.transaction(async (sql) => {
    if (!(await useInvitation(sql, hashToken(token))) || (await hasAdministrator(sql))) return false
    await setRole(sql, accountId, 'administrator')
    await endInvitations(sql)
    return true
  })
}

import { isContact } from '../../core/security-info/security-info.ts'
import { findAccount } from '../../storage/account.ts'
import { claimGuessing, guessedAccounts, removeOldGuessing } from '../../storage/guessing.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { type Database, databaseClock } from '../../storage/sql.ts'
import { notifyContacts } from './record-change.ts'

/** So many accounts a round; the next round takes the rest. */
const most = 100

/**
 * Tells owners, once a day, that strangers guess at their password (NIST SP 800-63B-4 §3.2.2). The worker does it: what a
 * sign-in itself did would take longer for an account than for a name without one.
 */
export async function notifyOfGuessing(database: Database): Promise<void> {
  await removeOldGuessing(database.sql)
  for (const accountId of await guessedAccounts(database.sql, most)) {
    await database.transaction(async (sql) => {
      if (!(await claimGuessing(sql, accountId))) return
      const account = await findAccount(sql, accountId)
      if (account === undefined) return
      const contacts = (await itemsOf(sql, accountId)).filter(isContact)
      const proved = contacts.filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
      await notifyContacts(
        sql,
        account,
        undefined,
        { kind: 'passwords_guessed' },
        proved,
        await databaseClock(sql),
      )
    })
  }
}

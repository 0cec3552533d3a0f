import { inviteAdministrator } from '../operations/administration/invitations.ts'
import { CommandRefused } from './fail.ts'
import { withDatabase } from './with-database.ts'

export const invite = (): Promise<void> =>
  withDatabase(async ({ config, database }) => {
    const token = await inviteAdministrator(database)
    if (token === undefined)
      throw new CommandRefused('There is an administrator already. Ask them to invite you.')
    console.error('Open this link within an hour. It works once.')
    console.log(`${config.publicUrl ?? 'http://localhost'}/administrator/${token}`)
  })

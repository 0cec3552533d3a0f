import { inviteAdministrator } from '../operations/running/invitations.ts'
import { servedAt } from '../served-at.ts'
import { CommandRefused } from './fail.ts'
import { withDatabase } from './with-database.ts'

export const invite = (): Promise<void> =>
  withDatabase(async ({ config, database }) => {
    const { url, answers, isLocal } = await servedAt(config)
    if (!answers && isLocal) {
      throw new CommandRefused(
        `No service answers${url === undefined ? '' : ` at ${url}`}. Start it first, or set PUBLIC_URL to where people reach it.`,
      )
    }
    const token = await inviteAdministrator(database)
    if (token === undefined)
      throw new CommandRefused('There is an administrator already. Ask them to invite you.')
    if (!answers) console.error(`No service answers at ${url} from here. Look whether PUBLIC_URL is right.`)
    console.error('Open this link within an hour. It works once.')
    console.log(`${url}/administrator/${token}`)
  })

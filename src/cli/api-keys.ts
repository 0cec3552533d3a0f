import { createApiKey, listApiKeys, revokeApiKey } from '../operations/administration/api-keys.ts'
import { CommandRefused } from './fail.ts'
import { withDatabase } from './with-database.ts'

export const create = (application: string, name: string): Promise<void> =>
  withDatabase(async ({ database }) => {
    if (![...application].length || [...application].length > 64)
      throw new CommandRefused('An application has a name of 1 to 64 characters.')
    const key = await createApiKey(database, application, name)
    console.error(`A key for ${application}. It is shown this once.`)
    console.log(key.text)
  })

export const list = (): Promise<void> =>
  withDatabase(async ({ database }) => {
    const keys = await listApiKeys(database.sql)
    console.table(
      keys.map((key) => ({
        id: key.id,
        application: key.application,
        name: key.name,
        created: new Date(key.createdAt).toISOString(),
        revoked: key.revokedAt === undefined ? '' : new Date(key.revokedAt).toISOString(),
      })),
    )
  })

export const revoke = (id: string): Promise<void> =>
  withDatabase(async ({ database }) => {
    if (!(await revokeApiKey(database.sql, id)))
      throw new CommandRefused(`No living key has the id ${id}. See: countersign api-keys list`)
    console.error(`Key ${id} is revoked.`)
  })

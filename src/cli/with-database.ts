import { type Config, readConfig } from '../config.ts'
import { openSilentLog } from '../log.ts'
import { openStoreForCommand, type Store } from '../store.ts'

/** Runs a command on the database, whether the service runs at the moment or not. */
export async function withDatabase(
  work: (given: Pick<Store, 'database' | 'connection' | 'schema'> & { config: Config }) => Promise<void>,
): Promise<void> {
  const config = readConfig()
  const store = await openStoreForCommand(config, openSilentLog())
  await work({ config, ...store }).finally(store.close)
}

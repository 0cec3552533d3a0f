import { readConfig } from '../config.ts'
import { rotateKeyring } from '../operations/rotate-keyring.ts'

/** Needs no database. */
export async function rotate(): Promise<void> {
  const id = await rotateKeyring(readConfig().keyringFile, Date.now())
  console.error(`Key ${id} is current. Codes under older keys keep working until they end.`)
}

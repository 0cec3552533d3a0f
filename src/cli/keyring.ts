import { readConfig } from '../config.ts'
import { RotationUnderWay, rotateKeyring } from '../operations/administration/rotate-keyring.ts'
import { CommandRefused } from './fail.ts'

/** Needs no database. */
export async function rotate(): Promise<void> {
  const id = await rotateKeyring(readConfig().keyringFile, Date.now()).catch((fault) => {
    throw fault instanceof RotationUnderWay ? new CommandRefused(fault.message) : fault
  })
  console.error(`Key ${id} is current. Codes under older keys keep working until they end.`)
}

import { readConfig } from '../config.ts'
import { followKeyring, rotateKeyringFile } from '../secrets/keyring-file.ts'

/** Needs no database: every process reads the ring's file again within a second. */
export async function rotate(): Promise<void> {
  const { keyringFile } = readConfig()
  const ring = await followKeyring(keyringFile, Date.now())
  ring.close()
  const id = await rotateKeyringFile(keyringFile, Date.now())
  console.error(`Key ${id} is current. Codes under older keys keep working until they end.`)
}

import type { Instant } from '../../core/time.ts'
import { followKeyring, RotationUnderWay, rotateKeyringFile } from '../../secrets/keyring-file.ts'

/**
 * Makes a new key current in the ring's file; codes under older keys keep working until they end. Every process reads
 * the file again within a second. @returns the new key's id
 *
 * @throws RotationUnderWay
 */
export async function rotateKeyring(file: string, now: Instant): Promise<string> {
  const ring = await followKeyring(file, now)
  ring.close()
  return rotateKeyringFile(file, now)
}

export { RotationUnderWay }

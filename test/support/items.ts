import { HOTP, Secret } from 'otpauth'
import { userHandleOf } from '../../src/secrets/passkey.ts'
import { newId } from '../../src/secrets/random.ts'
import { hashRecoveryCode, recoveryCodeOf } from '../../src/secrets/recovery-code.ts'
import { newTotpSeed, sealTotpSeed } from '../../src/secrets/totp.ts'
import { turnTwoStepOn } from '../../src/storage/account.ts'
import { insertPasskey, insertTotp, replaceRecoveryCode } from '../../src/storage/security-info.ts'
import type { MadeAccount } from './accounts.ts'
import { newAuthenticator, type TestAuthenticator } from './authenticator.ts'
import type { Page } from './person.ts'
import type { Ground } from './world.ts'

/** The code that an app shows, some steps of 30 seconds from now. */
export type App = { itemId: string; seed: string; code(steps?: number): string }

export const appOf = (world: Ground, itemId: string, seed: string): App => ({
  itemId,
  seed,
  code: (steps = 0) =>
    HOTP.generate({
      secret: Secret.fromBase32(seed),
      counter: Math.floor(world.now / 30_000) + steps,
    }),
})

/** An authenticator app as a set-up leaves it, long enough ago that every code is still to be used. */
export async function giveApp(world: Ground, account: MadeAccount, name = 'Pocket phone'): Promise<App> {
  const itemId = newId()
  const seed = newTotpSeed()
  const sealedSeed = sealTotpSeed(world.deps.keyring.current(), seed, account.id, itemId)
  await insertTotp(world.sql, { accountId: account.id, id: itemId, name, sealedSeed, step: 0 })
  return appOf(world, itemId, seed)
}

/** A passkey as a set-up leaves it. */
export async function givePasskey(
  world: Ground,
  account: MadeAccount,
  changes: { eligible?: boolean } = {},
): Promise<TestAuthenticator & { itemId: string }> {
  const authenticator = newAuthenticator()
  authenticator.create({ challenge: 'x', user: { id: userHandleOf(account.id) } })
  const itemId = newId()
  await insertPasskey(
    world.sql,
    { accountId: account.id, id: itemId, name: 'Blue key' },
    {
      credentialId: Buffer.from(authenticator.id, 'base64url'),
      publicKey: authenticator.publicKey,
      signCount: 0,
      transports: ['usb'],
      backupEligible: changes.eligible ?? false,
      backedUp: false,
    },
  )
  return { ...authenticator, itemId }
}

export async function giveRecoveryCode(world: Ground, account: MadeAccount): Promise<string> {
  const code = recoveryCodeOf(world.deps.keyring.current(), account.id, newId())
  const item = { accountId: account.id, id: newId(), codeHash: hashRecoveryCode(account.id, code) }
  await replaceRecoveryCode(world.sql, item, world.now)
  return code
}

export const giveTwoStep = (world: Ground, account: MadeAccount): Promise<boolean> =>
  turnTwoStepOn(world.sql, account.id)

/** What a page asks the browser for. */
export function passkeyOptionsOn(page: Page): {
  challenge: string
  user: { id: string }
  [name: string]: unknown
} {
  const [, text] = /data-options="([^"]*)"/.exec(page.text) ?? []
  return JSON.parse((text ?? '{}').replaceAll('&quot;', '"').replaceAll('&amp;', '&'))
}

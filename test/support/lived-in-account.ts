import { minutes } from '../../src/core/time.ts'
import { ownedBy, recordActivity } from '../../src/operations/activity/record-activity.ts'
import { recordChange } from '../../src/operations/changes/record-change.ts'
import type { Requester } from '../../src/operations/requester.ts'
import { newId } from '../../src/secrets/random.ts'
import { hashToken, newBrowserToken } from '../../src/secrets/tokens.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { insertSession, rememberBrowser } from '../../src/storage/session.ts'
import { trustBrowser } from '../../src/storage/trusted-browser.ts'
import type { MadeAccount } from './accounts.ts'
import { type App, giveApp, givePasskey, giveRecoveryCode, giveTwoStep } from './items.ts'
import { publicUrl, type World } from './world.ts'

const browsers = {
  firefox: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  safari:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
}

const sourceAt = (ip: string, userAgent: string): Requester => ({
  browser: hashToken(newBrowserToken()),
  ip,
  userAgent,
  locale: 'en',
  origin: publicUrl,
})

/** One thing after the other: what comes at the same moment has no order. */
const later = (world: World) => world.advance(minutes(1))

/** Every kind of security info, two-step verification, and a phone's browser that is trusted. */
export async function settle(world: World, account: MadeAccount, phone: string): Promise<App> {
  const { id } = account
  await later(world)
  await insertContact(world.sql, id, { id: newId(), kind: 'phone', address: phone, provenAt: world.now })
  await later(world)
  const app = await giveApp(world, account)
  await later(world)
  await givePasskey(world, account)
  await later(world)
  await giveRecoveryCode(world, account)
  await giveTwoStep(world, account)
  const home = sourceAt('203.0.113.20', browsers.safari)
  await rememberBrowser(world.sql, id, home.browser)
  await trustBrowser(world.sql, id, home.browser, home.userAgent)
  return app
}

/** What gives an owner something to look at: a new address, wrong passwords, and a sign-in from somewhere else. */
export async function disturb(world: World, account: MadeAccount): Promise<void> {
  const { sql } = world
  const [told, home] = [ownedBy(account.id), sourceAt('203.0.113.20', browsers.safari)]
  const elsewhere = sourceAt('198.51.100.7', browsers.firefox)
  for (let times = 0; times < 3; times += 1) {
    const detail = { cause: 'password_wrong' } as const
    await recordActivity(sql, told, { kind: 'sign_in_refused', detail }, elsewhere, world.now)
    await later(world)
  }
  const proofs = [{ kind: 'password' as const, at: world.now }]
  const sessionId = newId()
  await insertSession(sql, {
    accountId: account.id,
    id: sessionId,
    secretHash: hashToken(newBrowserToken()),
    browser: elsewhere.browser,
    kept: true,
    proofs,
    userAgent: elsewhere.userAgent,
    ip: elsewhere.ip,
  })
  const detail = { proofs: ['password' as const], newBrowser: true, sessionId }
  await recordActivity(sql, told, { kind: 'signed_in', detail }, elsewhere, world.now)
  await recordChange(world.deps, sql, account.id, { kind: 'new_sign_in' }, elsewhere, world.now, sessionId)
  await later(world)
  const id = newId()
  const moment = { addedAt: world.now, provenAt: world.now }
  const item = { id, kind: 'email', address: 'second.mailbox@example.com', ...moment } as const
  await insertContact(sql, account.id, item)
  await recordChange(world.deps, sql, account.id, { kind: 'item_added', item }, home, world.now)
}

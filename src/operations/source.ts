import type { LimitKey } from '../core/limits.ts'
import type { Locale } from '../core/message.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { networksOf } from './limits.ts'

/**
 * Where a person's request comes from: the browser by the hash of its cookie, and the network address. `origin` is the
 * service's own, which passkeys are bound to.
 */
export type Source = {
  browser: Buffer
  ip: string
  userAgent: string | undefined
  locale: Locale
  origin: string
}

/** What a send asked for on a page counts against besides its destination. */
export function sourceSendKeys(ring: Keyring, source: Source): LimitKey[] {
  const { host, network } = networksOf(source.ip)
  return [
    { kind: 'browser', key: ring.lookupHash('browser', source.browser.toString('hex')) },
    { kind: 'ip', key: ring.lookupHash('page ip', host) },
    { kind: 'network', key: ring.lookupHash('page network', network) },
  ]
}

/** What a guess at a password counts against whatever account it is for. */
export const sourceGuessKey = (ring: Keyring, source: Source): LimitKey => ({
  kind: 'ip',
  key: ring.lookupHash('page ip', networksOf(source.ip).host),
})

/** The wrong codes, and wrong passwords, of one browser that an account knows: its own, whatever strangers do. */
export const knownCodesKey = (ring: Keyring, whose: string, source: Source): LimitKey => ({
  kind: 'known_codes',
  key: ring.lookupHash('known codes', whose, source.browser.toString('hex')),
})

export const knownPasswordsKey = (ring: Keyring, whose: string, source: Source): LimitKey => ({
  kind: 'known_passwords',
  key: ring.lookupHash('known passwords', whose, source.browser.toString('hex')),
})

import type { AskedFrom, Locale } from '../core/verifications/message.ts'
import { translate } from '../locales/catalogue.ts'
import { inertText } from './inert-text.ts'
import { isolate } from './isolate.ts'

/** Where something came from, as far as it is known: names of ours, and the network address. */
export function whereWords(from: AskedFrom, locale: Locale): string {
  const named = (name: string | undefined) =>
    name === undefined ? undefined : isolate(locale, inertText(name))
  const [browser, system] = [named(from.browser), named(from.system)]
  const device =
    browser !== undefined && system !== undefined
      ? translate(locale, 'where.browserOn', { browser, system })
      : (browser ?? system ?? translate(locale, 'where.unknown'))
  const { ip } = from
  return ip !== undefined && networkAddress.test(ip) ? `${device} · ${isolate(locale, ip)}` : device
}

/** An address as ipaddr.js writes it. It is no link to any mail program, and shown so that it can be copied. */
const networkAddress = /^[0-9a-f.:]{2,45}$/

import type { AskedFrom, Locale } from '../core/message.ts'
import { translate } from '../locales/catalogue.ts'
import { inertText } from './inert-text.ts'
import { isolate } from './isolate.ts'

/** Where something came from, as far as it is known: names of ours, and the network address. */
export function whereWords({ browser, system, ip }: AskedFrom, locale: Locale): string {
  const device =
    browser !== undefined && system !== undefined
      ? translate(locale, 'where.browserOn', { browser, system })
      : (browser ?? system ?? translate(locale, 'where.unknown'))
  const named = inertText(device)
  return ip !== undefined && networkAddress.test(ip) ? `${named} · ${isolate(locale, ip)}` : named
}

/** An address as ipaddr.js writes it. It is no link to any mail program, and shown so that it can be copied. */
const networkAddress = /^[0-9a-f.:]{2,45}$/

import { Reader } from 'mmdb-lib'
import type { Locale } from './core/verifications/message.ts'
import type { PlaceOf } from './operations/deps.ts'

/** What the city and country databases of the usual makers hold of an address; either part may be missing. */
type Entry = {
  city?: { names?: Record<string, string> }
  country?: { iso_code?: string }
  registered_country?: { iso_code?: string }
}

/** Reads an MMDB file (the MaxMind DB format). @throws where it is none */
export function openPlaces(file: Buffer): PlaceOf {
  const reader = new Reader<object>(file)
  return (ip, locale) => {
    const entry = reader.get(ip) as Entry | null
    const code = entry?.country?.iso_code ?? entry?.registered_country?.iso_code
    const country = code === undefined ? undefined : countryName(code, locale)
    const city = entry?.city?.names?.[locale] ?? entry?.city?.names?.en
    const known = [city, country].filter((part) => part !== undefined)
    return known.length === 0 ? undefined : known.join(separators[locale])
  }
}

const separators: Readonly<Record<Locale, string>> = { en: ', ', ar: '، ', ja: '、' }

/** Their names come with the runtime in every language; the file has them in a few. */
function countryName(code: string, locale: Locale): string | undefined {
  if (!/^[A-Z]{2}$/.test(code)) return undefined
  return new Intl.DisplayNames([locale], { type: 'region' }).of(code)
}

/** A browser and its system by their families, without versions; undefined where the header doesn't tell. */
export type BrowserName = { browser: string | undefined; system: string | undefined }

/**
 * Reads a `User-Agent` as a person would say it: "Firefox" on "Windows". The names come from here, never from the
 * header, so that nothing somebody sends stands in a page or a mail. Most browsers claim to be others as well: the
 * first row that fits counts. A tablet that calls itself a desktop computer is believed.
 */
export function browserName(userAgent: string | undefined): BrowserName {
  const claimed = (userAgent ?? '').slice(0, longestClaim)
  return { browser: firstIn(browsers, claimed), system: firstIn(systems, claimed) }
}

/** Real headers have about 200 characters. */
const longestClaim = 400

type Names = readonly (readonly [name: string, claim: RegExp])[]

const firstIn = (names: Names, claimed: string): string | undefined =>
  names.find(([, claim]) => claim.test(claimed))?.[0]

const browsers: Names = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|OPiOS|OPT|Opera)\b/],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Yandex Browser', /\bYaBrowser\//],
  ['UC Browser', /\bUC?Browser\//],
  ['DuckDuckGo', /\b(?:DuckDuckGo|Ddg)\//],
  ['Huawei Browser', /\bHuaweiBrowser\//],
  ['Silk', /\bSilk\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:(?:Headless)?Chrome|CriOS|Chromium)\//],
  ['Safari', /\bVersion\/.*\bSafari\//],
  ['Internet Explorer', /\b(?:Trident\/|MSIE )/],
  ['w3m', /^w3m\//],
  ['Lynx', /^E?Lynx\//i],
  ['curl', /^curl\//],
]

const systems: Names = [
  ['iPadOS', /\biPad\b/],
  ['iOS', /\biP(?:hone|od)\b/],
  ['HarmonyOS', /\b(?:OpenHarmony|HarmonyOS)\b/],
  ['KaiOS', /\bKAIOS\b/],
  ['Windows', /\bWindows\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac(?:intosh| OS X)\b/],
  ['Linux', /\b(?:Linux|X11|Ubuntu)\b/],
]

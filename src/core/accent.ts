/** A colour as `#rrggbb`. */
export type Colour = string

export type Shade = { accent: Colour; onAccent: Colour; wash: Colour }
/** The operator's accent as the two schemes use it. */
export type Accent = { light: Shade; dark: Shade }

/** The surfaces that text in the accent stands on; the same as in assets/style/tokens.css. */
const surfaces = {
  light: { paper: '#f7f4ee', card: '#fffdf9' },
  dark: { paper: '#191816', card: '#22211e' },
} as const

/** WCAG 2.2, 1.4.3: text needs 4.5 : 1. */
const needed = 4.5

export type AccentReading = { ok: true; accent: Accent } | { ok: false; problem: string }

/**
 * Reads `#0e5e52`, or two colours `#0e5e52 #6fc9b6` for light and dark pages. With one, the dark pages' is a lighter
 * shade of it. Either must stand out from its surfaces.
 */
export function readAccent(text: string): AccentReading {
  const colours = text
    .trim()
    .toLowerCase()
    .split(/[\s,]+/)
  if (colours.length > 2 || !colours.every((colour) => /^#[0-9a-f]{6}$/.test(colour))) {
    return { ok: false, problem: 'is not a colour such as #0e5e52, or two for light and dark pages' }
  }
  const [light = '', dark = lightened(light)] = colours
  for (const [scheme, colour] of [
    ['light', light],
    ['dark', dark],
  ] as const) {
    const contrast = leastContrast(colour, scheme)
    if (contrast < needed) {
      const better = scheme === 'light' ? toward(light, '#000000', 'light') : lightened(dark)
      const found = Math.floor(contrast * 10) / 10
      return {
        ok: false,
        problem: `${colour} has a contrast of ${found} : 1 on ${scheme} pages and needs ${needed} : 1; ${better} has it`,
      }
    }
  }
  return { ok: true, accent: { light: shade(light, 'light'), dark: shade(dark, 'dark') } }
}

function shade(accent: Colour, scheme: keyof typeof surfaces): Shade {
  const onAccent = contrastOf(accent, '#ffffff') >= needed ? '#ffffff' : mixed('#000000', accent, 0.15)
  return { accent, onAccent, wash: mixed(surfaces[scheme].card, accent, 0.08) }
}

const lightened = (colour: Colour): Colour => toward(colour, '#ffffff', 'dark')

/** The colour, mixed towards black or white just until it stands out. */
function toward(colour: Colour, end: Colour, scheme: keyof typeof surfaces): Colour {
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mixed(colour, end, share)
    if (leastContrast(tried, scheme) >= needed + (scheme === 'dark' ? 2 : 0)) return tried
  }
  return end
}

function leastContrast(colour: Colour, scheme: keyof typeof surfaces): number {
  const { paper, card } = surfaces[scheme]
  return Math.min(...[paper, card, mixed(card, colour, 0.08)].map((surface) => contrastOf(colour, surface)))
}

/** WCAG's contrast ratio of two colours, from 1 to 21. */
export function contrastOf(one: Colour, other: Colour): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: Colour): number {
  const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function mixed(one: Colour, other: Colour, share: number): Colour {
  const ends = channels(other)
  const parts = channels(one).map((value, index) => Math.round(value + ((ends[index] ?? 0) - value) * share))
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

const channels = (colour: Colour): number[] =>
  [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16))

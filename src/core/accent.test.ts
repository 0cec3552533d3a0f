import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contrastOf, readAccent } from './accent.ts'

const colours = fc.stringMatching(/^#[0-9a-f]{6}$/)

test('a colour that is taken stands out from every surface, and text stands out on it', () => {
  fc.assert(
    fc.property(colours, (colour) => {
      const reading = readAccent(colour)
      if (!reading.ok) return
      const { light, dark } = reading.accent
      for (const surface of ['#f7f4ee', '#fffdf9', light.wash]) {
        expect(contrastOf(light.accent, surface)).toBeGreaterThanOrEqual(4.5)
      }
      for (const surface of ['#191816', '#22211e', dark.wash]) {
        expect(contrastOf(dark.accent, surface)).toBeGreaterThanOrEqual(4.5)
      }
      for (const shade of [light, dark])
        expect(contrastOf(shade.accent, shade.onAccent)).toBeGreaterThanOrEqual(4.5)
    }),
  )
})

test('a colour that is too faint is refused with one of its kind that is taken', () => {
  fc.assert(
    fc.property(colours, (colour) => {
      const reading = readAccent(colour)
      if (reading.ok) return
      const better = /; (#[0-9a-f]{6}) has it/.exec(reading.problem)?.[1]
      expect(readAccent(better ?? '').ok).toBe(true)
    }),
  )
})

test('two colours are for light and dark pages, and each is judged on its own', () => {
  expect(readAccent('#0e5e52 #6fc9b6').ok).toBe(true)
  expect(readAccent('#0e5e52, #0e5e52')).toMatchObject({
    ok: false,
    problem: expect.stringContaining('dark pages'),
  })
  expect(readAccent('#6fc9b6').ok).toBe(false)
})

test.each(['', 'green', '#fff', '#0e5e52 #6fc9b6 #000000', '#0e5e52;}body{display:none'])(
  '%o is no colour',
  (text) => {
    expect(readAccent(text)).toMatchObject({ ok: false, problem: expect.stringContaining('is not a colour') })
  },
)

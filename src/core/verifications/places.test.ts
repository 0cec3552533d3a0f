import fc from 'fast-check'
import { expect, test } from 'vitest'
import { slowLasts } from './delivery.ts'
import { openPlaces } from './places.ts'

const takeAll = (places: ReturnType<typeof openPlaces>, domain: string | undefined, now = 0) => {
  let taken = 0
  while (places.take(domain, now)) taken += 1
  return taken
}

test('one domain has half of the places, and the others are left for the rest', () => {
  const places = openPlaces(4)
  expect(takeAll(places, 'one.test')).toBe(2)
  expect(places.full(0)).toEqual(['one.test'])
  expect(takeAll(places, 'two.test')).toBe(2)
  expect(takeAll(places, 'three.test')).toBe(0)
})

test('a domain that was slow has one place, until a try there is quick or ten minutes are over', () => {
  const places = openPlaces(8)
  places.noteSlow('slow.test', 0)
  expect(takeAll(places, 'slow.test')).toBe(1)
  places.noteQuick('slow.test')
  expect(takeAll(places, 'slow.test')).toBe(3)
  places.noteSlow('other.test', 0)
  expect(takeAll(places, 'other.test', slowLasts - 1)).toBe(1)
  expect(takeAll(places, 'other.test', slowLasts)).toBe(3)
})

test('all slow domains together have half of the places', () => {
  const places = openPlaces(6)
  for (let n = 0; n < 6; n += 1) places.noteSlow(`slow${n}.test`, 0)
  const taken = Array.from({ length: 6 }, (_, n) => places.take(`slow${n}.test`, 0))
  expect(taken.filter(Boolean)).toHaveLength(3)
  expect(places.full(0)).toHaveLength(6)
  expect(takeAll(places, 'healthy.test')).toBe(3)
})

test('texts, which have no domain, are held by the total alone', () => {
  expect(takeAll(openPlaces(5), undefined)).toBe(5)
})

test('with a single place every domain may have it', () => {
  const places = openPlaces(1)
  places.noteSlow('slow.test', 0)
  expect(places.take('slow.test', 0)).toBe(true)
  places.leave('slow.test')
  expect(places.take('healthy.test', 0)).toBe(true)
})

test('whatever happens, no more places are used than there are, and a domain not seen yet has one of the free', () => {
  const domain = fc.constantFrom('a.test', 'b.test', 'c.test', undefined)
  const act = fc.record({ what: fc.constantFrom('take', 'leave', 'slow', 'quick', 'wait'), domain })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(act, { maxLength: 60 }), (total, acts) => {
      const places = openPlaces(total)
      const under: (string | undefined)[] = []
      let now = 0
      for (const { what, domain: at } of acts) {
        if (what === 'take' && places.take(at, now)) under.push(at)
        if (what === 'leave' && under.length > 0) places.leave(under.shift())
        if (what === 'slow') places.noteSlow(at, now)
        if (what === 'quick') places.noteQuick(at)
        if (what === 'wait') now += slowLasts / 3
        expect(places.free()).toBe(total - under.length)
        const full = places.full(now)
        for (const one of ['a.test', 'b.test', 'c.test']) {
          const mayTake = places.free() > 0 && !full.includes(one)
          const took = places.take(one, now)
          expect(took).toBe(mayTake)
          if (took) places.leave(one)
        }
        if (places.free() > 0) {
          expect(places.take('new.test', now)).toBe(true)
          places.leave('new.test')
        }
      }
    }),
  )
})

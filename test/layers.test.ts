import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { foldersBothWays } from '../scripts/measure/folders.ts'
import { parseSource, readSources } from '../scripts/measure/source-file.ts'
import { packageRoot } from '../src/package-root.ts'
import {
  contains,
  dependenciesOf,
  forbiddenImports,
  globalsOf,
  isPartOf,
  type Layer,
  readLayers,
} from './support/layers.ts'

/** What reads a clock, does I/O or draws lots without an import. */
const impureGlobals = new Set([
  ...['Date', 'performance', 'Temporal', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
  ...['process', 'fetch', 'console', 'WebSocket', 'navigator', 'globalThis', 'global'],
  ...['crypto', 'Math.random'],
])

const layers = readLayers(readFileSync(join(packageRoot, 'CONTRIBUTING.md'), 'utf8'))
const sources = readSources(packageRoot)
const layerOf = (file: string): Layer | undefined => layers.find(({ name }) => contains(name, file))

describe('the table of layers in CONTRIBUTING.md', () => {
  test('every file of src belongs to one row of the table of layers', () => {
    expect(sources.map(({ name }) => name).filter((name) => layerOf(name) === undefined)).toEqual([])
    expect(layers.filter(({ name }) => !sources.some((file) => contains(name, file.name)))).toEqual([])
  })

  test.each(layers)('files of $name import only what the table of layers names', (layer) => {
    const files = sources.filter((file) => contains(layer.name, file.name))
    expect(files.flatMap((file) => forbiddenImports(layer, file))).toEqual([])
  })

  test('the table of layers names no package that its layer does not import', () => {
    const needless = layers.flatMap((layer) => {
      const files = sources.filter((file) => contains(layer.name, file.name))
      const packages = files.flatMap((file) => dependenciesOf(layer, file).packages)
      return layer.packages
        .filter((name) => !packages.some((specifier) => isPartOf(specifier, name)))
        .map((name) => `${layer.name}: ${name}`)
    })
    expect(needless).toEqual([])
  })
})

test('core reads no clock, does no I/O and draws no lots', () => {
  const impure = sources
    .filter(({ name }) => contains('core', name))
    .flatMap((file) => [...globalsOf(file)].filter(isImpure).map((name) => `${file.name}: ${name}`))
  expect(impure).toEqual([])
})

const isImpure = (name: string): boolean => impureGlobals.has(name)

test('no two folders of one layer import each other', () => {
  const pairs = foldersBothWays(sources).filter((pair) => {
    const [one, other] = pair.split(' <-> ').map((folder) => folder.split('/')[0])
    return one === other
  })
  expect(pairs).toEqual([])
})

describe('the layer rules', () => {
  const core = layers.find(({ name }) => name === 'core')!

  test.each([
    ["import { pool } from '../storage/sql.ts'", 'storage/sql.ts'],
    ["import type { Pool } from '../storage/sql.ts'", 'storage/sql.ts'],
    ["export { pool } from '../storage/sql.ts'", 'storage/sql.ts'],
    ["const sql = await import('../storage/sql.ts')", 'storage/sql.ts'],
    ["type Pool = import('../storage/sql.ts').Pool", 'storage/sql.ts'],
    ["import { Pool } from 'pg'", 'pg'],
    ["import { readFile } from 'node:fs/promises'", 'node:fs/promises'],
    ['export const home = process.env.HOME', 'process.env'],
    ["export const home = process['env'].HOME", 'process.env'],
    ['const { env } = process', 'process.env'],
    ['crypto.getRandomValues(bytes)', 'crypto'],
  ])('refuse in core: %s', (text, target) => {
    expect(forbiddenImports(core, parseSource('core/made-up.ts', text))).toContain(
      `core/made-up.ts imports ${target}`,
    )
  })

  test.each([
    ['const now = Date.now()', ['Date']],
    ['const at = { at: new Date(now) }', ['Date']],
    ['const { now } = performance', ['performance']],
    ['const lot = Math.random()', ['Math.random']],
    ['export const wait = (f = setTimeout) => f', ['setTimeout']],
    ['type Moment = Date; const at: Date = moment as Date', []],
    ['const at = verification.Date; const made = { fetch: 1 }', []],
  ])('know what reads a clock, does I/O or draws lots: %s', (text, names) => {
    expect([...globalsOf(parseSource('core/made-up.ts', text))].filter(isImpure)).toEqual(names)
  })

  test('refuse an import whose target only a run could name', () => {
    expect(() => parseSource('core/made-up.ts', 'await import(name)')).toThrow('computed')
  })

  test('know two folders that import each other', () => {
    const files = [
      parseSource('core/a/one.ts', "import '../b/two.ts'"),
      parseSource('core/b/two.ts', "import type { One } from '../a/one.ts'"),
      parseSource('core/c/three.ts', "import '../a/one.ts'"),
    ]
    expect(foldersBothWays(files)).toEqual(['core/a <-> core/b'])
  })
})

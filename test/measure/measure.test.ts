import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { filesOfSignIn } from '../../scripts/measure/coverage.ts'
import { shapeOf } from '../../scripts/measure/shape.ts'
import { packageRoot } from '../../src/package-root.ts'

const { ensureBuilt } = createRequire(import.meta.url)('../../scripts/build.cjs') as {
  ensureBuilt(root: string, node: string, say: (text: string) => void): Promise<void>
}

/** A checkout with these files, gone after the test. */
function checkoutOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-measure-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

test('lines, functions, folders and packages of a checkout are counted', () => {
  const checkout = checkoutOf({
    'src/core/one.ts': `/**
 * Comments and blank lines are no code.
 */
import type { Two } from '../http/two.tsx'

export const one = (a: Two, b: Two, c: Two, d: Two, e: Two) => [a, b, c, d, e] // but this line is
`,
    'src/http/two.tsx': `import { one } from '../core/one.ts'
export type Two = 'two' /* one line
of a comment */
export function two() {
  return one('two', 'two', 'two', 'two', 'two').map((each) => {
    return each
  })
}
`,
    'src/core/one.test.ts': 'test()\n',
    'test/stories/one.test.ts': 'test()\ntest()\n',
    'test-results/seconds.json': '{ "stories": 12 }',
    'package-lock.json': JSON.stringify({
      packages: {
        '': {},
        'node_modules/needed': {},
        'node_modules/checked': { dev: true },
        'node_modules/here-only': { optional: true },
      },
    }),
  })
  expect(shapeOf(checkout)).toEqual({
    srcLines: 9,
    srcFiles: 2,
    testLines: 3,
    testFiles: 2,
    fileMedian: 2,
    fileP90: 7,
    functions: 3,
    functionMedian: 3,
    functionP90: 5,
    functionsOverFourParameters: 1,
    foldersBothWays: ['core <-> http'],
    productionPackages: 1,
    testSeconds: { stories: 12 },
  })
})

test('the files that a sign-in runs through are counted', { timeout: 120_000 }, async () => {
  await ensureBuilt(packageRoot, process.execPath, () => {})
  const files = await filesOfSignIn(packageRoot)
  expect(files).toContain('storage/session')
  expect(files.length).toBeLessThan(100)
  expect(files.filter((file) => /^delivery\/|^messages\//.test(file))).toEqual([])
})

import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../src/package-root.ts'
import { filesOfSignIn } from './measure/coverage.ts'
import { type Shape, shapeOf } from './measure/shape.ts'

const usage = `npm run measure -- [options]

  --in <folder>  a checkout to measure, instead of this one; may be given more than once, for before and after
  --coverage     also counts, on a running service, the files that a sign-in's code runs through; needs a built checkout
  --json         everything as JSON, with the names of what is counted`

type Measured = Shape & { signInFiles?: string[] }

/** Each row of the table. */
const rows: readonly [string, (measured: Measured) => number | undefined][] = [
  ['code lines in src', ({ srcLines }) => srcLines],
  ['files in src', ({ srcFiles }) => srcFiles],
  ['code lines in tests', ({ testLines }) => testLines],
  ['files of tests', ({ testFiles }) => testFiles],
  ['lines a file, median', ({ fileMedian }) => fileMedian],
  ['lines a file, p90', ({ fileP90 }) => fileP90],
  ['functions', ({ functions }) => functions],
  ['lines a function, median', ({ functionMedian }) => functionMedian],
  ['lines a function, p90', ({ functionP90 }) => functionP90],
  ['functions over four parameters', ({ functionsOverFourParameters }) => functionsOverFourParameters],
  ['folders that import each other', ({ foldersBothWays }) => foldersBothWays.length],
  ['production packages', ({ productionPackages }) => productionPackages],
  ["files that a sign-in's code runs through", ({ signInFiles }) => signInFiles?.length],
]

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      in: { type: 'string', multiple: true },
      coverage: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(usage)
  const measured = new Map<string, Measured>()
  for (const folder of values.in?.map((path) => resolve(path)) ?? [packageRoot]) {
    const shape = shapeOf(folder)
    measured.set(folder, values.coverage ? { ...shape, signInFiles: await filesOfSignIn(folder) } : shape)
  }
  console.log(values.json ? JSON.stringify(Object.fromEntries(measured), null, 2) : tableOf(measured))
}

function tableOf(measured: ReadonlyMap<string, Measured>): string {
  const groups = new Set([...measured.values()].flatMap(({ testSeconds }) => Object.keys(testSeconds)))
  const all: typeof rows = [
    ...rows,
    ...[...groups].map((group): (typeof rows)[number] => [
      `seconds of tests: ${group}`,
      ({ testSeconds }) => testSeconds[group],
    ]),
  ]
  const lines = all
    .map(([name, valueIn]) => [name, ...[...measured.values()].map((one) => valueIn(one))])
    .filter(([, ...values]) => values.some((value) => value !== undefined))
    .map(([name, ...values]) => [name, ...values.map((value) => (value === undefined ? '' : String(value)))])
  const head = measured.size > 1 ? [['', ...[...measured.keys()].map((folder) => basename(folder))]] : []
  const width = Math.max(...lines.map(([name]) => String(name).length))
  return [...head, ...lines]
    .map(([name, ...values]) => [String(name).padEnd(width), ...values.map((v) => String(v).padStart(10))])
    .map((line) => line.join('  ').trimEnd())
    .join('\n')
}

try {
  await main(process.argv.slice(2))
} catch (fault) {
  const isOption = fault instanceof TypeError && 'code' in fault
  if (!isOption) throw fault
  console.error(`${fault.message}\n\n${usage}`)
  process.exitCode = 2
}

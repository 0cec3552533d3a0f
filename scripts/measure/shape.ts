import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { percentile } from '../../bench/statistics.ts'
import { foldersBothWays } from './folders.ts'
import { readSources, type SourceFile, typeScriptBelow, walk } from './source-file.ts'

/** What can be told of a checkout by reading it. Lines are lines of code: neither blank nor of a comment alone. */
export type Shape = {
  srcLines: number
  srcFiles: number
  testLines: number
  testFiles: number
  fileMedian: number
  fileP90: number
  functions: number
  /** From a function's first line to its last, whatever stands between. */
  functionMedian: number
  functionP90: number
  functionsOverFourParameters: number
  foldersBothWays: string[]
  /** What `npm ci --omit=dev` installs on every platform. */
  productionPackages: number
  /** Of the last run of the tests, by their group. */
  testSeconds: Record<string, number>
}

export function shapeOf(checkout: string): Shape {
  const sources = readSources(checkout)
  const lines = sources.map(({ name, text }) => codeLines(name, text))
  const tests = testsOf(checkout).map((name) => codeLines(name, readFileSync(join(checkout, name), 'utf8')))
  const functions = sources.flatMap(functionsIn)
  const lengths = functions.map(({ length }) => length)
  return {
    srcLines: sum(lines),
    srcFiles: sources.length,
    testLines: sum(tests),
    testFiles: tests.length,
    fileMedian: percentile(lines, 0.5),
    fileP90: percentile(lines, 0.9),
    functions: functions.length,
    functionMedian: percentile(lengths, 0.5),
    functionP90: percentile(lengths, 0.9),
    functionsOverFourParameters: functions.filter(({ parameters }) => parameters > 4).length,
    foldersBothWays: foldersBothWays(sources),
    productionPackages: productionPackages(checkout),
    testSeconds: readJson(join(checkout, 'test-results/seconds.json')) ?? {},
  }
}

/** Tests beside what they test, and everything below `test`. */
const testsOf = (checkout: string): string[] => [
  ...typeScriptBelow(join(checkout, 'src'))
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => join('src', name)),
  ...typeScriptBelow(join(checkout, 'test')).map((name) => join('test', name)),
]

function codeLines(name: string, text: string): number {
  let code = ''
  let at = 0
  for (const { start, end } of parseSync(name, text).comments) {
    code += text.slice(at, start)
    at = end
  }
  return (code + text.slice(at)).split('\n').filter((line) => line.trim() !== '').length
}

type FunctionShape = { length: number; parameters: number }

function functionsIn({ text, program }: SourceFile): FunctionShape[] {
  const functions: FunctionShape[] = []
  walk(program, (node) => {
    if (
      node.type === 'FunctionDeclaration' ||
      node.type === 'FunctionExpression' ||
      node.type === 'ArrowFunctionExpression'
    ) {
      const length = text.slice(node.start, node.end).split('\n').length
      functions.push({ length, parameters: node.params.length })
    }
    return true
  })
  return functions
}

function productionPackages(checkout: string): number {
  const lock = readJson<{ packages: Record<string, { dev?: true; optional?: true }> }>(
    join(checkout, 'package-lock.json'),
  )
  return Object.entries(lock?.packages ?? {}).filter(
    ([name, { dev, optional }]) => name !== '' && !dev && !optional,
  ).length
}

function readJson<Value>(file: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Value
  } catch {
    return undefined
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

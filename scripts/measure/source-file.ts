import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Node, parseSync, visitorKeys } from 'oxc-parser'

/** One TypeScript file of `src`, parsed. */
export type SourceFile = {
  /** Its path below `src`, with slashes on every platform: `core/address.ts`. */
  name: string
  text: string
  program: Node
  /** What stands in its imports, re-exports, dynamic imports and types of the form `import('…')`. */
  specifiers: string[]
}

const isTest = (name: string): boolean => /\.test\.tsx?$/.test(name)

/** Every TypeScript file of `src` below a checkout, tests left out. @throws where one cannot be parsed */
export const readSources = (checkout: string): SourceFile[] =>
  typeScriptBelow(join(checkout, 'src'))
    .filter((name) => !isTest(name))
    .map((name) => parseSource(name, readFileSync(join(checkout, 'src', name), 'utf8')))

/** The names of all TypeScript files below a folder, tests too; none where there is no such folder. */
export const typeScriptBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
        .filter((name) => !name.includes('node_modules/'))
        .sort()
    : []

/** @throws where the text cannot be parsed, or where it imports what only a run could name */
export function parseSource(name: string, text: string): SourceFile {
  const { program, errors } = parseSync(name, text)
  if (errors.length > 0) throw new Error(`${name}: ${errors[0]?.message}`)
  return { name, text, program, specifiers: [...new Set(specifiersIn(name, program))] }
}

function specifiersIn(name: string, program: Node): string[] {
  const specifiers: string[] = []
  walk(program, (node) => {
    const source = 'source' in node ? node.source : undefined
    if (source === undefined || source === null) return true
    if (typeof source !== 'object' || source.type !== 'Literal' || typeof source.value !== 'string')
      throw new Error(`${name}: an import whose target is computed`)
    specifiers.push(source.value)
    return true
  })
  return specifiers
}

/** Visits each node before its children; `enter` says whether to go on into them. */
export function walk(node: Node, enter: (node: Node, parent: Node | undefined) => boolean): void {
  const visit = (current: Node, parent: Node | undefined) => {
    if (!enter(current, parent)) return
    for (const key of visitorKeys[current.type] ?? []) {
      const child = (current as unknown as Record<string, unknown>)[key]
      for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) visit(one, current)
    }
  }
  visit(node, undefined)
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

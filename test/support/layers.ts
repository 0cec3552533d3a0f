import { targetOf } from '../../scripts/measure/folders.ts'
import { type SourceFile, walk } from '../../scripts/measure/source-file.ts'

/** One row of the table of layers: its files may import those of its own, and what stands beside them. */
export type Layer = { name: string; ours: string[]; packages: string[] }

/** The rows of the table whose first column is headed "layer". */
export function readLayers(markdown: string): Layer[] {
  const table = /^\| layer \|.*\n\|[ -|]+\n((?:\|.*\n)+)/m.exec(markdown)?.[1] ?? ''
  return table
    .trim()
    .split('\n')
    .map((line) => line.split('|').slice(1, -1).map(namesIn))
    .map(([[name = ''] = [], ours = [], packages = []]) => ({ name, ours, packages }))
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

/** `core` holds all below `core/` and `core.ts`; `secrets/digest` is one file. */
export const contains = (name: string, file: string): boolean =>
  file.startsWith(`${name}/`) || file.replace(/\.tsx?$/, '') === name

/** `hono` holds `hono/jsx` too, `node:fs` holds `node:fs/promises`. */
export const isPartOf = (specifier: string, name: string): boolean =>
  specifier === name || specifier.startsWith(`${name}/`)

/** What a file depends on outside its own layer, by the names that the table uses. */
export function dependenciesOf(layer: Layer, file: SourceFile): { ours: string[]; packages: string[] } {
  const targets = file.specifiers.map((specifier) => targetOf(file.name, specifier))
  return {
    ours: targets.filter((target) => target !== undefined && !contains(layer.name, target)) as string[],
    packages: [
      ...file.specifiers.filter((specifier) => targetOf(file.name, specifier) === undefined),
      ...['process.env', 'crypto'].filter((name) => globalsOf(file).has(name)),
    ],
  }
}

/** What a file imports, or reads of the environment, that its layer's row does not name. */
export function forbiddenImports(layer: Layer, file: SourceFile): string[] {
  const { ours, packages } = dependenciesOf(layer, file)
  return [
    ...ours.filter((target) => !layer.ours.some((name) => contains(name, target))),
    ...packages.filter((specifier) => !layer.packages.some((name) => isPartOf(specifier, name))),
  ].map((target) => `${file.name} imports ${target}`)
}

/** The names that a file reads as values without any object before them, and `a.b` for those that stand before a dot. */
export function globalsOf({ program }: SourceFile): Set<string> {
  const globals = new Set<string>()
  walk(program, (node, parent) => {
    if (node.type.startsWith('TS') && !typedExpressions.has(node.type)) return false
    if (node.type !== 'Identifier' || (parent !== undefined && isPropertyName(parent, node))) return true
    globals.add(node.name)
    if (parent?.type !== 'MemberExpression') {
      // Taken apart, or handed on: nobody sees what is read of it then.
      if (node.name === 'process') globals.add('process.env')
    } else if (parent.property.type === 'Identifier') globals.add(`${node.name}.${parent.property.name}`)
    else if (parent.property.type === 'Literal') globals.add(`${node.name}.${parent.property.value}`)
    return true
  })
  return globals
}

/** What holds an expression beside a type; all else of TypeScript's own is gone when the program runs. */
const typedExpressions = new Set<string>(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'])

/** Whether an identifier is the name of a property (`x` in `a.x`, `{ x: 1 }`) and reads no variable. */
function isPropertyName(parent: object, node: object): boolean {
  const { property, key, value, computed } = parent as Record<string, unknown>
  return !computed && (property === node || (key === node && value !== node))
}

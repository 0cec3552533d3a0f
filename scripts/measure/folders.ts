import { dirname, join } from 'node:path/posix'
import type { SourceFile } from './source-file.ts'

/** The path below `src` that an import leads to: `core/address.ts`; `../locales/en.json` outside. No package's. */
export const targetOf = (file: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? join(dirname(file), specifier) : undefined

/**
 * The pairs of folders whose own files import each other both ways, a folder and one inside it as well:
 * `core/people <-> core/security-info`. The files of `src` itself stand in the folder `.`
 */
export function foldersBothWays(sources: readonly SourceFile[]): string[] {
  const imports = new Set<string>()
  for (const { name, specifiers } of sources) {
    for (const specifier of specifiers) {
      const target = targetOf(name, specifier)
      if (target !== undefined) imports.add(edge(dirname(name), dirname(target)))
    }
  }
  const folders = [...new Set(sources.map(({ name }) => dirname(name)))].sort()
  return folders.flatMap((one, index) =>
    folders
      .slice(index + 1)
      .filter((other) => imports.has(edge(one, other)) && imports.has(edge(other, one)))
      .map((other) => edge(one, other)),
  )
}

const edge = (one: string, other: string): string => `${one} <-> ${other}`

import type { Window } from '../../src/core/limits.ts'
import { type Duration, ever } from '../../src/core/time.ts'

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** A length of time as a policy file writes it, in the largest unit that it fills whole; under two days in hours. */
export function lengthOf(time: Duration): string {
  if (time === ever) return 'ever'
  const fitting = units.find(([unit, size]) => time % size === 0 && (unit !== 'd' || time >= 2 * size))
  const [unit, size] = fitting ?? ['ms', 1]
  return `${time / size} ${unit}`
}

export const windowsOf = (windows: readonly Window[]): string =>
  windows.length === 0
    ? 'none'
    : windows
        .map(
          ({ most, within }) => `${count(most)} ${within === ever ? 'in a row' : `in ${lengthOf(within)}`}`,
        )
        .join(', ')

export const count = (number: number): string => number.toLocaleString('en-GB')

/** A Markdown table; a bar in a cell would end it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export const code = (text: string): string => `\`${text}\``

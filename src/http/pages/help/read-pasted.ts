import type { RefusalCode } from '../../../core/refusal.ts'
import { refusalShapes } from '../../exchange/refusals.ts'

/** A refusal as somebody pasted it: its code, and what stood beside it, as text. */
export type Pasted = { code: RefusalCode; said: readonly { name: string; value: string }[] }

/** In UTF-16 units, as a browser counts: far more than a header or a problem document of ours has. */
export const longestPasted = 4096
/** The longest value that is shown back. */
const longest = 200
/** More parameters than any refusal has. */
const most = 12

/**
 * Reads a Countersign-Error header, a problem document, or text with one of our codes in it.
 *
 * @returns why not, where it can't be read
 */
export function readPasted(text: string): Pasted | 'empty' | 'long' | 'unknown' {
  if (text.length > longestPasted) return 'long'
  if (text.trim() === '') return 'empty'
  return readProblem(text) ?? readField(text) ?? 'unknown'
}

function readProblem(text: string): Pasted | undefined {
  let problem: unknown
  try {
    // Not found by an expression: one that looks for the last brace from each first one takes the square of the length.
    problem = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
  } catch {
    return undefined
  }
  const { code, ...rest } = problem as Record<string, unknown>
  if (!isCode(code)) return undefined
  const said = Object.entries(rest)
    .filter(([name]) => !['type', 'title', 'status', 'kind', 'detail'].includes(name))
    .map(([name, value]) => ({
      name: name === 'instance' ? 'request' : name,
      value: typeof value === 'object' ? JSON.stringify(value) : String(value),
    }))
  return { code, said: shortened(said) }
}

/** RFC 9651: an item and its parameters, whose strings have quotes and backslashes escaped. */
function readField(text: string): Pasted | undefined {
  const code = text.match(/[a-z]+(_[a-z]+)*/g)?.find(isCode)
  if (code === undefined) return undefined
  const after = text.slice(text.indexOf(code) + code.length)
  const said = [...after.matchAll(/;\s*([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|(-?\d+))/g)]
    .map(([, name = '', quoted, number]) => ({
      name,
      value: number ?? quoted?.replace(/\\(.)/g, '$1') ?? '',
    }))
    .filter(({ name }) => name !== 'kind')
  return { code, said: shortened(said) }
}

export const isCode = (word: unknown): word is RefusalCode =>
  typeof word === 'string' && Object.hasOwn(refusalShapes, word)

const shortened = (said: Pasted['said']): Pasted['said'] =>
  said.slice(0, most).map(({ name, value }) => ({ name: name.slice(0, 64), value: value.slice(0, longest) }))

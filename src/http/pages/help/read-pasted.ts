import type { RefusalCode } from '../../../core/refusal.ts'
import { refusalShapes } from '../../refusals.ts'

/** A refusal as somebody pasted it: its code, and what stood beside it, as text. */
export type Pasted = { code: RefusalCode; said: readonly { name: string; value: string }[] }

/** The longest value that is shown back. */
const longest = 200
/** More parameters than any refusal has. */
const most = 12

/** Reads a Countersign-Error header, a problem document, or text with one of our codes in it. */
export function readPasted(text: string): Pasted | undefined {
  return readProblem(text) ?? readField(text)
}

function readProblem(text: string): Pasted | undefined {
  const json = /\{.*\}/s.exec(text)?.[0]
  if (json === undefined) return undefined
  let problem: unknown
  try {
    problem = JSON.parse(json)
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

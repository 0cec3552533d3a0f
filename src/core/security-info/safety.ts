import type { ItemKind } from './security-info.ts'

/** What would make an account safer, the most urgent first. */
export const weaknesses = ['unproved', 'one_way', 'circle', 'one_kind', 'no_two_step'] as const
export type Weakness = (typeof weaknesses)[number]

export type Safety = { level: 'weak' | 'fair' | 'good'; weaknesses: Weakness[] }

/** One of the things that make an account safe; where it is not done, the weakness says why it should be. */
export type SafetyPoint = { weakness: Weakness; done: boolean }

export type JudgedItem = {
  kind: ItemKind
  proved: boolean
  /** A mailbox whose own account can only be recovered through this one: losing one loses both. */
  circular?: boolean | undefined
}

/**
 * How safe an account is: whether losing one thing locks its owner out, and whether stealing one thing lets a thief in.
 *
 * `weak`: one thing lost, and there is no way back. `fair`: one kind of thing is all there is, or one thing stolen may be
 * enough. `good`: none of these.
 */
export function judgeSafety(items: readonly JudgedItem[], twoStep: boolean): Safety {
  const { ways, apart, kinds } = lookAt(items)
  const found: Record<Weakness, boolean> = {
    unproved: ways === 0,
    one_way: ways === 1,
    circle: ways > 1 && apart < 2,
    one_kind: ways > 0 && kinds < 2,
    no_two_step: kinds >= 2 && !twoStep,
  }
  const all = weaknesses.filter((weakness) => found[weakness])
  const weak = found.unproved || found.one_way || found.circle
  return { level: weak ? 'weak' : all.length > 0 ? 'fair' : 'good', weaknesses: all }
}

/** The same as a list to go through: what is done, and what is left, in the order in which one leads to the next. */
export function safetyPoints(items: readonly JudgedItem[], twoStep: boolean): SafetyPoint[] {
  const { ways, apart, kinds } = lookAt(items)
  return [
    { weakness: ways === 0 ? 'unproved' : 'one_way', done: ways >= 2 },
    { weakness: 'circle', done: apart >= 2 || apart === ways },
    { weakness: 'one_kind', done: kinds >= 2 },
    { weakness: 'no_two_step', done: twoStep },
  ]
}

/** How many ways back there are, how many of them without this account, and of how many kinds they are. */
function lookAt(items: readonly JudgedItem[]): { ways: number; apart: number; kinds: number } {
  const ways = items.filter(({ proved }) => proved)
  const apart = ways.filter(({ circular }) => circular !== true)
  const kinds = new Set(ways.map(({ kind }) => kind).filter((kind) => kind !== 'recovery_code'))
  return { ways: ways.length, apart: apart.length, kinds: kinds.size }
}

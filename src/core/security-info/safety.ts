import type { ItemKind } from './security-info.ts'

/** What would make an account safer, the most urgent first. */
export const weaknesses = ['unproved', 'one_way', 'circle', 'one_kind', 'no_two_step'] as const
export type Weakness = (typeof weaknesses)[number]

export type Safety = { level: 'weak' | 'fair' | 'good'; weaknesses: Weakness[] }

export type JudgedItem = {
  kind: ItemKind
  proved: boolean
  /** A mailbox whose own account can only be recovered through this one: losing one loses both. */
  circular?: boolean | undefined
}

/**
 * How safe an account is: whether losing one thing locks its owner out, and whether stealing one thing lets a thief in.
 *
 * `weak`: one thing lost, and there is no way back. `fair`: one kind of thing is all there is. `good`: neither.
 */
export function judgeSafety(items: readonly JudgedItem[], twoStep: boolean): Safety {
  const ways = items.filter(({ proved }) => proved)
  const apart = ways.filter(({ circular }) => circular !== true)
  const kinds = new Set(ways.map(({ kind }) => kind).filter((kind) => kind !== 'recovery_code'))
  const found: Record<Weakness, boolean> = {
    unproved: ways.length === 0,
    one_way: ways.length === 1,
    circle: ways.length > 1 && apart.length < 2,
    one_kind: ways.length > 0 && kinds.size < 2,
    no_two_step: kinds.size >= 2 && !twoStep,
  }
  const all = weaknesses.filter((weakness) => found[weakness])
  const weak = found.unproved || found.one_way || found.circle
  return { level: weak ? 'weak' : found.one_kind ? 'fair' : 'good', weaknesses: all }
}

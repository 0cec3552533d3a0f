import { type Fight, fights } from '../../src/core/changes/fights.ts'
import { table } from './words.ts'

const winners = {
  owner: 'the owner',
  both: 'neither',
  held: 'neither, but the thief is stopped',
} as const satisfies Record<Fight['winner'], string>

export const fightsTable = (): string =>
  table(
    ['A thief who', 'against an owner who', 'who keeps the account', 'how long it takes'],
    fights.map(({ thief, owner, winner, takes }) => [thief, owner, winners[winner], takes]),
  )

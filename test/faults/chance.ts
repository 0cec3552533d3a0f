/** Chance that can be had again: everything random in a run follows from its seed, which the run prints. */
export type Chance = {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  oneOf<Value>(values: readonly Value[]): Value
  /** True so many times in a hundred. */
  percent(share: number): boolean
}

/** mulberry32: small, and good enough to pick moments and victims. */
export function chanceFrom(seed: number): Chance {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    oneOf: (values) => values[Math.floor(next() * values.length)]!,
    percent: (share) => next() * 100 < share,
  }
}

/** FAULTS_SEED has an earlier run again, as far as the machine's own timing lets it. */
export const newSeed = (): number => Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** `npm run faults` takes its time; `npm test` does not. */
export const full = process.env.FAULTS === 'full'

/** The value below which this share of them lies (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/**
 * How well one can tell from a single value which of two it came of: the area under the ROC curve (Mann and Whitney),
 * 0.5 for not at all and 1 for always, whichever of the two is the larger.
 */
export function distinguishable(some: readonly number[], others: readonly number[]): number {
  const sorted = [
    ...some.map((value) => ({ value, one: 1 })),
    ...others.map((value) => ({ value, one: 0 })),
  ].sort((a, b) => a.value - b.value)
  let ranks = 0
  for (let from = 0; from < sorted.length; ) {
    let to = from
    while (to < sorted.length && sorted[to]?.value === sorted[from]?.value) to += 1
    const shared = (from + 1 + to) / 2
    for (const { one } of sorted.slice(from, to)) ranks += one * shared
    from = to
  }
  const area = (ranks - (some.length * (some.length + 1)) / 2) / (some.length * others.length)
  return Math.max(area, 1 - area)
}

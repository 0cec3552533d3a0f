/**
 * The word that was probably meant: the nearest by edits of one letter (put in, left out, exchanged, or swapped with its
 * neighbour), where that is near enough to be no coincidence.
 */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const most = written.length > 6 ? 2 : 1
  const [best] = words
    .map((word) => ({ word, edits: editsBetween(written, word) }))
    .filter(({ edits }) => edits > 0 && edits <= most)
    .sort((one, other) => one.edits - other.edits)
  return best?.word
}

/** Optimal string alignment. */
function editsBetween(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1]
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row.push(
        Math.min(
          edit(rows, i - 1, j) + 1,
          (row[j - 1] ?? 0) + 1,
          edit(rows, i - 1, j - 1) + (same ? 0 : 1),
          swapped ? edit(rows, i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    rows.push(row)
  }
  return edit(rows, one.length, other.length)
}

const edit = (rows: readonly number[][], i: number, j: number): number => rows[i]?.[j] ?? 0

/**
 * A reference as messages print it, such as k7f-2q, whatever way it was typed; undefined where it can't be one. What was
 * sent before in capitals is compared through this as well.
 */
export function canonicalReference(typed: string): string | undefined {
  const letters = typed
    .slice(0, 64)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
  return letters.length === 5 ? `${letters.slice(0, 3)}-${letters.slice(3)}` : undefined
}

/** A reference as messages print it, such as K7F-2Q, whatever way it was typed; undefined where it can't be one. */
export function canonicalReference(typed: string): string | undefined {
  const letters = typed
    .slice(0, 64)
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
  return letters.length === 5 ? `${letters.slice(0, 3)}-${letters.slice(3)}` : undefined
}

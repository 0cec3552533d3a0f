/** A hint that may break where its parts do, and nowhere else. */
export const groupedHint = (hint: string): string => hint.replaceAll(' ', '\u00a0')

/** What an app or a passkey is called: a word or two for a list, whatever its owner typed. @returns nothing where nothing was typed */
export function itemName(typed: string): string {
  // Putting many combining marks in order takes the square of their number.
  const name = typed
    .slice(0, longestTyped)
    .normalize('NFC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return [...name].slice(0, longest).join('').trim()
}

const longest = 40
/** Far more than is kept, whatever is left out of it. */
const longestTyped = 1000

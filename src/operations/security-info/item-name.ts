/** What an app or a passkey is called: a word or two for a list, whatever its owner typed. @returns nothing where nothing was typed */
export function itemName(typed: string): string {
  const name = typed
    .normalize('NFC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return [...name].slice(0, longest).join('').trim()
}

const longest = 40

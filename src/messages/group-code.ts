/** A code as people read it aloud: "483 921", "4839 2107". What is typed back may have the space or not. */
export function groupCode(code: string): string {
  const size = code.length % 3 === 0 ? 3 : 4
  return code.match(new RegExp(`.{1,${size}}`, 'gu'))?.join(' ') ?? code
}

/** Reads the decimal digits of any script as 0 to 9; everything else stays as it is. */
export const inAsciiDigits = (text: string): string => text.replace(/\p{Nd}/gu, asciiDigit)

/** Decimal digits stand in runs of ten from their zero on (The Unicode Standard, §4.6); runs may touch each other. */
function asciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0
  let zero = codePoint
  while (/^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String((codePoint - zero) % 10)
}

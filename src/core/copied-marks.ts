/**
 * Marks that copying brings along and that nobody typed: bidi controls and isolates (chats and address books put numbers
 * between them), joiners, zero-width spaces and soft hyphens.
 */
export const copiedMarks = '\\p{Bidi_C}\\p{Join_C}\\u00ad\\u200b\\u2060\\ufeff'

/** Hyphens and dashes other than the one on keyboards, which programs put in its place. */
export const copiedHyphens = '\\u058a\\u05be\\u2010-\\u2015\\u2212\\ufe58\\ufe63\\uff0d'

const atEnds = new RegExp(`^[\\s${copiedMarks}]+|[\\s${copiedMarks}]+$`, 'gu')
const anywhere = new RegExp(`[${copiedMarks}]`, 'gu')

/** For what must stay as it was typed within, such as an address: nothing but its ends is cleared. */
export const withoutMarksAtEnds = (typed: string): string => typed.replace(atEnds, '')

/** Whether nothing was typed that anybody could see. */
export const isBlank = (typed: string): boolean => withoutMarksAtEnds(typed) === ''

/** For numbers and codes, in which such a mark stands for nothing anywhere. */
export const withoutMarks = (typed: string): string => typed.replace(anywhere, '')

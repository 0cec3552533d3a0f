import type { Letter } from './code-mail.ts'

/** The plain-text half of a mail. The code stands on a line of its own, so that it is easily seen and selected. */
export function layOutText(letter: Letter): string {
  const facts = letter.facts.map(({ name, value }) => `${name}: ${value}`)
  return `${[
    letter.heading,
    letter.lead,
    ...(letter.code === undefined ? [] : [`    ${letter.code}`]),
    letter.warning,
    facts.join('\n'),
    letter.note,
    letter.unasked.text,
    `${letter.unasked.link.label}:\n${letter.unasked.link.url}`,
    `-- \n${letter.signature}`,
  ].join('\n\n')}\n`
}

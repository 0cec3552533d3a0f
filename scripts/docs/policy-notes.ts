import type { Policy } from '../../src/core/policy.ts'

/** What a number of the policy means, and where its default comes from. */
export type Note = { what: string; why: string }

type Leaf<Tree> = {
  [Key in keyof Tree & string]: Tree[Key] extends number | readonly unknown[]
    ? Key
    : `${Key}.${Leaf<Tree[Key]>}`
}[keyof Tree & string]

export type PolicyPath = Leaf<Policy>

const bombing =
  'Ours. Room for a person who mistypes and tries again, none for filling a mailbox; the API of one application and its people count together.'
const costs = 'Ours. About half of email: each text costs money and wakes somebody.'
const household = 'Ours. A household or a small office, not a script; a /64 stands for one IPv6 host.'

/** One row a number: a policy with a number that nobody explained does not compile. */
export const policyNotes = {
  'code.lifetime': {
    what: 'How long a code works.',
    why: 'NIST SP 800-63B-4 §3.1.3.2: at most 10 minutes. More is refused at start.',
  },
  'code.tries': {
    what: 'Wrong codes before a verification ends.',
    why: 'Ours. 5 in 1,000,000 is one chance in 200,000 of guessing one code. At most 10.',
  },
  'code.sends': {
    what: 'Messages that one verification may send, the first included.',
    why: 'Ours. At most 10.',
  },
  'code.resendGaps': {
    what: 'Waits between one send and the next; the last repeats.',
    why: 'Ours. Most mail arrives within half a minute; each further wait doubles.',
  },
  'code.freshBelow': {
    what: 'With less than this left, a resend makes a new code instead of repeating one about to end.',
    why: 'Ours. Greylisting alone takes minutes.',
  },
  'limits.email.sends': { what: 'Codes to one email address, for one application.', why: bombing },
  'limits.email.failures': {
    what: 'Wrong codes for one email address and application, over any number of verifications.',
    why: 'Far under the 100 consecutive failures of NIST SP 800-63B-4 §3.2.2; see the security model for what it comes to.',
  },
  'limits.phone.sends': { what: 'Codes to one phone number, for one application.', why: costs },
  'limits.phone.failures': {
    what: 'Wrong codes for one phone number and application.',
    why: 'As for email.',
  },
  'limits.ip.sends': {
    what: 'Codes of one application asked for from one IPv4 address or IPv6 /64, where the request gives `end_user.ip`.',
    why: household,
  },
  'limits.ip.failures': {
    what: 'Wrong passwords typed on the pages from one IPv4 address or IPv6 /64.',
    why: 'Ours. A household mistypes; somebody who tries one password on many accounts needs far more.',
  },
  'limits.network.sends': {
    what: 'Codes of one application asked for from one IPv4 /24 or IPv6 /48, where the request gives `end_user.ip`.',
    why: 'Four times one address.',
  },
  'limits.network.failures': {
    what: 'Wrong codes of sign-ups from one IPv4 /24 or IPv6 /48.',
    why: 'Four times one address.',
  },
  'limits.quota.sends': {
    what: 'Codes that one application may send where it gives no `end_user.ip`, and all its resends.',
    why: 'Ours. A ceiling for an application gone wrong. Raise it for a large one.',
  },
  'limits.browser.sends': { what: 'Codes asked for on the pages by one browser.', why: 'Ours.' },
  'limits.browser.failures': {
    what: 'Wrong answers from one browser.',
    why: 'None: those of the account count.',
  },
  'limits.strangers_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.strangers_codes.failures': {
    what: 'Wrong codes on one account from browsers it does not know, together; before the password and past it apart.',
    why: 'Ours. Five days of it close an item: see `limits.item_codes`.',
  },
  'limits.known_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.known_codes.failures': {
    what: 'Wrong codes on one account from one browser it knows.',
    why: 'Ours. Strangers can never use up what a known browser needs.',
  },
  'limits.item_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.item_codes.failures': {
    what: 'Wrong codes in a row on one email address, phone, app or recovery code of an account, from browsers it does not know, until something of the account is proved; then it is closed to them. Half of it, rounded up, may be used up before the password.',
    why: 'NIST SP 800-63B-4 §3.2.2: at most 100. More is refused at start.',
  },
  'limits.strangers_passwords.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.strangers_passwords.failures': {
    what: 'Wrong passwords on one account from browsers it does not know, together; then a code comes first.',
    why: 'Ours. The account itself is never locked by guesses.',
  },
  'limits.known_passwords.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.known_passwords.failures': {
    what: 'Wrong passwords on one account from one browser it knows.',
    why: 'Ours.',
  },
  'limits.sign_up_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.sign_up_codes.failures': {
    what: 'Wrong codes of sign-ups from one IPv4 address or IPv6 /64, whatever address they are for.',
    why: 'Ours. Six digits are all that makes an account: 20 guesses a day find one code in 50,000 days.',
  },
  'limits.quota.failures': { what: 'Wrong codes for one application.', why: 'None.' },
  'changes.perDay': {
    what: 'Changes of one kind (such as a new password) on one account in 24 hours.',
    why: 'Ours. More than anybody makes: 20 items can be added and removed again. Each is kept for 30 days and told to every contact.',
  },
  'phones.countries': {
    what: 'Countries (ISO 3166-1 alpha-2) whose numbers get codes. With the built-in inbox and no list of your own: all.',
    why: 'Closed until the operator opens it: toll fraud lives on open lists.',
  },
  'phones.prefix.digits': {
    what: 'Digits after the + that make a number range.',
    why: 'Ours. 10,000 to 100,000 numbers in most countries.',
  },
  'phones.prefix.sends': { what: 'Codes to a range before it is judged.', why: 'Ours.' },
  'phones.prefix.leastUsedShare': {
    what: 'The share of those that must have been used; with less, the range closes.',
    why: 'Ours. Real people use most codes; fraud uses none.',
  },
  'phones.prefix.closedFor': { what: 'How long it closes.', why: 'Ours.' },
  'phones.budget.perMessage': {
    what: "What one text counts as, in hundredths of the operator's currency.",
    why: 'A typical price; set your own.',
  },
  'phones.budget.perDay': {
    what: 'The most that texts may cost in a UTC day.',
    why: 'Ours: 1,000 texts at the default price.',
  },
  'retention.verifications': {
    what: 'How long a verification is kept after its deadline, with its messages, deliveries and activity.',
    why: 'Ours. Long enough to answer a complaint. At least a day, for Idempotency-Key.',
  },
  'retention.inbox': {
    what: 'How long the built-in inbox keeps a message.',
    why: 'Ours; keys that open them are kept 25 hours.',
  },
} as const satisfies Record<PolicyPath, Note>

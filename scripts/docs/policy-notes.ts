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
  'Ours. Enough for a person who mistypes and tries again, too few to fill a mailbox. The API of one application and its people count together.'
const costs = 'Ours. About half of email: each text costs money and wakes somebody.'
const household =
  'Ours. Enough for a household or a small office, not for a script. A /64 counts as one IPv6 host.'

/** One row a number: a policy with a number that nobody explained does not compile. */
export const policyNotes = {
  'code.lifetime': {
    what: 'How long a code works.',
    why: 'NIST SP 800-63B-4 §3.1.3.2: at most 10 minutes. More is refused at start-up.',
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
    what: 'Minimum time between one send and the next. The last value repeats.',
    why: 'Ours. Most mail arrives within half a minute. Each further gap doubles.',
  },
  'code.freshBelow': {
    what: 'If less than this is left, a resend makes a new code instead of sending one that is about to expire.',
    why: 'Ours. Greylisting alone takes several minutes.',
  },
  'limits.email.sends': { what: 'Codes to one email address, for one application.', why: bombing },
  'limits.email.failures': {
    what: 'Wrong codes for one email address and application, across all verifications.',
    why: 'Far under the 100 consecutive failures of NIST SP 800-63B-4 §3.2.2; the security model gives the resulting chances.',
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
    why: 'Ours. Enough for the typing mistakes of a household; somebody who tries one password on many accounts needs far more.',
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
    why: 'Ours. A ceiling for an application that misbehaves. Raise it for a large one.',
  },
  'limits.browser.sends': { what: 'Codes asked for on the pages by one browser.', why: 'Ours.' },
  'limits.browser.failures': {
    what: 'Wrong answers from one browser.',
    why: 'None: they count against the account.',
  },
  'limits.strangers_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.strangers_codes.failures': {
    what: 'Wrong codes on one account from all browsers it does not know, past the right password.',
    why: 'Ours. Five days at this limit close an item: see `limits.item_codes`.',
  },
  'limits.known_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.known_codes.failures': {
    what: 'Wrong codes on one account from one browser it knows.',
    why: 'Ours. Strangers never use up the limit of a known browser.',
  },
  'limits.item_codes.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.item_codes.failures': {
    what: 'Consecutive wrong codes on one email address, phone, app or recovery code of an account, from browsers it does not know. At the limit the item is closed to such browsers; proving any item of the account resets the count.',
    why: 'NIST SP 800-63B-4 §3.2.2: at most 100. More is refused at start-up.',
  },
  'limits.strangers_passwords.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.strangers_passwords.failures': {
    what: 'Wrong passwords on one account from all browsers it does not know. After that, a password is compared, but its answer comes only with a code.',
    why: 'Ours. Guesses never lock the account itself.',
  },
  'limits.sign_ins.sends': { what: 'No meaning.', why: 'Sends count elsewhere.' },
  'limits.sign_ins.failures': {
    what: 'Sign-ins begun, and apart from them passwords compared, right or wrong, from one IPv4 address or IPv6 /64 by browsers that the account does not know; four times that from its /24 or /48. A known browser and a session have this number each.',
    why: 'Ours. Each comparison takes a processor for some 25 ms: a whole /24 takes 12 s of an hour. Raise it for a school or company behind one address.',
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
    why: 'Ours. More than anybody needs: 20 items can be added and removed again. Each change is kept for 30 days and every contact is notified.',
  },
  'phones.countries': {
    what: 'Countries (ISO 3166-1 alpha-2) whose numbers get codes. With the built-in inbox and no list of your own: all.',
    why: 'Empty until the operator lists countries: toll fraud depends on open lists.',
  },
  'phones.prefix.digits': {
    what: 'Digits after the + that make a number range.',
    why: 'Ours. 10,000 to 100,000 numbers in most countries.',
  },
  'phones.prefix.sends': {
    what: 'Codes sent to a number range before its share of used codes is checked.',
    why: 'Ours.',
  },
  'phones.prefix.leastUsedShare': {
    what: 'The share of these codes that must have been used. Below it, the range is closed.',
    why: 'Ours. Real people use most codes; fraud uses none.',
  },
  'phones.prefix.closedFor': { what: 'How long a range stays closed.', why: 'Ours.' },
  'phones.budget.perMessage': {
    what: "The price of one text, in hundredths of the operator's currency.",
    why: 'A typical price; set your own.',
  },
  'phones.budget.perDay': {
    what: 'The most that texts may cost in one UTC day.',
    why: 'Ours: 1,000 texts at the default price.',
  },
  'retention.verifications': {
    what: 'How long a verification is kept after its deadline, with its messages, deliveries and activity.',
    why: 'Ours. Long enough to answer a complaint. At least a day, for Idempotency-Key.',
  },
  'retention.inbox': {
    what: 'How long the built-in inbox keeps a message.',
    why: 'Ours. Keys that decrypt the messages are kept for 25 hours.',
  },
} as const satisfies Record<PolicyPath, Note>

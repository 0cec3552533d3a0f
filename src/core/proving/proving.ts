import type { ItemKind } from '../security-info/security-info.ts'
import type { Proof } from './proof.ts'

/**
 * Proving one item. Whatever asks somebody to prove something (a sign-in, a step-up, undoing a change, a new contact)
 * is a caller of this one state machine:
 *
 *     choose --contact--------------------------> code --right code------.
 *       |----contact whose hidden part is needed--> confirm --typed--> code
 *       |----password, totp, passkey--> password, totp, passkey --right--+--> proved: the caller's next step
 *       '----recovery code--> recovery_code --right--> new_recovery_code --saved-'
 *
 * Every step but `new_recovery_code` leads back to `choose`. Callers that prove one known contact begin at `code`.
 */
export type ProvingStep =
  | 'choose'
  | 'confirm'
  | 'code'
  | 'password'
  | 'totp'
  | 'passkey'
  | 'recovery_code'
  | 'new_recovery_code'

/** What a flow remembers of it, beside what its caller remembers. `Step` are the caller's own further steps. */
export type Proving<Step extends string = never> = {
  step: ProvingStep | Step
  /** The chosen item. */
  itemId?: string | undefined
  /** The contact whose address was typed where its hidden part was needed: pages go on naming the chosen one. */
  typedItemId?: string | undefined
  /** Which address was typed, hashed. */
  typedHash?: string | undefined
  verificationId?: string | undefined
  /** The verification is a decoy: no code was sent, and none is right. */
  decoy?: boolean | undefined
  /** After a recovery code: what it proved, and the new code, sealed, until its owner has saved it. */
  replacement?: { proof: Proof; sealedCode: string } | undefined
}

/** What an item looks like to somebody who chooses what to prove: a contact by its hint, an app by its name. */
export type ItemChoice = {
  id: string
  kind: ItemKind
  hint: string
  /** Too many wrong codes in a row: browsers that the account doesn't know can't prove it just now. */
  closed?: boolean
}

/** What one form asks of a flow. */
export type FlowForm = Readonly<Record<string, string>>

/** What a form can ask for at a step. */
export type ProvingAct = Exclude<ProvingStep, 'new_recovery_code'> | 'back' | 'other' | 'resend' | 'saved'

const acts: Record<ProvingStep, readonly ProvingAct[]> = {
  choose: ['choose', 'back'],
  confirm: ['confirm', 'other'],
  code: ['code', 'resend', 'other'],
  password: ['password', 'other'],
  totp: ['totp', 'other'],
  passkey: ['passkey', 'other'],
  recovery_code: ['recovery_code', 'other'],
  new_recovery_code: ['saved'],
}

/**
 * The act that a form asks for, where it belongs to the step that the flow is at. A form of any other step, however it
 * came to be sent, changes nothing.
 */
export function actAt(state: Proving<string>, act: string | undefined): ProvingAct | undefined {
  const allowed = Object.hasOwn(acts, state.step) ? acts[state.step as ProvingStep] : []
  const found = allowed.find((one) => one === act)
  return found !== undefined && canAct(state, found) ? found : undefined
}

/** What an act needs of what came before it. */
function canAct(state: Proving<string>, act: ProvingAct): boolean {
  switch (act) {
    case 'code':
    case 'resend':
    case 'back':
      return state.verificationId !== undefined
    case 'confirm':
    case 'totp':
    case 'passkey':
    case 'recovery_code':
      return state.itemId !== undefined
    case 'saved':
      return state.replacement !== undefined
    default:
      return true
  }
}

/** Acts that bring a proof: the only ways out of the machine, but for a recovery code's, which is saved first. */
export const proofActs: ReadonlySet<ProvingAct> = new Set([
  'code',
  'password',
  'totp',
  'passkey',
  'recovery_code',
])

/** Where a choice leads: `send` for a contact that a code goes to at once. */
export function afterChoice(
  chosen: Pick<ItemChoice, 'kind'> | 'password',
  mustType: boolean,
): Exclude<ProvingStep, 'choose' | 'code' | 'new_recovery_code'> | 'send' {
  if (chosen === 'password') return 'password'
  if (chosen.kind !== 'email' && chosen.kind !== 'phone') return chosen.kind
  return mustType ? 'confirm' : 'send'
}

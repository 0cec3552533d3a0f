import { type Proof, type ProofKind, stepUpLasts } from '../proving/proof.ts'
import { isOnProbation, type ProvingItem, standsAlone } from '../security-info/item-standing.ts'
import type { Instant } from '../time.ts'

export type StepUpRule = {
  needs: 'step_up'
  by: readonly ProofKind[]
  /** Whether an item on probation is enough by itself. */
  youngSuffices: boolean
}
type Rule = { needs: 'signed_in' } | StepUpRule

const signedIn = { needs: 'signed_in' } as const satisfies Rule
const byItem: readonly ProofKind[] = [
  'email_code',
  'text_code',
  'totp',
  'passkey',
  'passkey_touch',
  'recovery_code',
]
const anyItem = { needs: 'step_up', by: byItem, youngSuffices: true } as const satisfies Rule
const oldItem = { needs: 'step_up', by: byItem, youngSuffices: false } as const satisfies Rule
const passwordToo = {
  needs: 'step_up',
  by: ['password', ...byItem],
  youngSuffices: true,
} as const satisfies Rule

/**
 * What each act in an account needs. What gives somebody more power than they have, or takes the owner's, needs a fresh
 * proof by an item; what only takes power away (signing out, trusting no browser) is open to whoever is signed in, so
 * that it is at hand when something is wrong. A browser that is trusted is no proof of anything (NIST SP 800-63B §5.1).
 */
export const actRules = {
  see_account: signedIn,
  step_up: signedIn,
  sign_out: signedIn,
  end_sessions: signedIn,
  untrust_browsers: signedIn,
  change_language: signedIn,
  report_activity: signedIn,
  export_activity: passwordToo,
  add_item: anyItem,
  /** Something else comes first: a number that was not proved for long may be somebody else's by now. */
  confirm_item: anyItem,
  remove_item: oldItem,
  set_up_totp: anyItem,
  set_up_passkey: anyItem,
  rename_item: anyItem,
  make_recovery_code: oldItem,
  two_step_on: oldItem,
  two_step_off: oldItem,
  change_password: oldItem,
  change_names: oldItem,
  freeze_change: oldItem,
  undo_change: oldItem,
  close_account: oldItem,
} as const satisfies Record<string, Rule>

export type Act = keyof typeof actRules
/** An act that something must be proved for. */
export type SensitiveAct = {
  [Name in Act]: (typeof actRules)[Name]['needs'] extends 'step_up' ? Name : never
}[Act]

export const isSensitive = (act: string | undefined): act is SensitiveAct =>
  act !== undefined && Object.hasOwn(actRules, act) && actRules[act as Act].needs === 'step_up'

/** Why a step-up is asked for: nothing fresh was proved, or only by an item on probation. */
export type StepUpNeeded = { rule: StepUpRule; why: 'nothing_fresh' | 'on_probation' }

/**
 * The rule of an act, for an account with these items. Where none of them counts by itself, the password opens the one
 * act that ends this: confirming a contact, which takes a code as well.
 */
export function ruleFor(
  act: SensitiveAct,
  items: readonly Pick<ProvingItem, 'kind' | 'provenAt' | 'frozen'>[],
  now: Instant,
): StepUpRule {
  const isStuck = act === 'confirm_item' && !items.some((item) => standsAlone(item, now))
  return isStuck ? passwordToo : actRules[act]
}

/**
 * Whether an act needs another proof first.
 *
 * @param items the account's, as they are now: a proof by an item that is gone, frozen or unproved is none
 * @returns undefined where the act may be done
 */
export function needsStepUp(
  act: Act,
  proofs: readonly Proof[],
  items: readonly ProvingItem[],
  accountCreatedAt: Instant,
  now: Instant,
): StepUpNeeded | undefined {
  if (!isSensitive(act)) return undefined
  const rule = ruleFor(act, items, now)
  const fresh = proofs.filter((proof) => rule.by.includes(proof.kind) && now < proof.at + stepUpLasts)
  const standing = fresh.flatMap((proof) => {
    if (proof.kind === 'password') return [{ young: false }]
    const item = items.find((candidate) => candidate.id === proof.itemId)
    if (item === undefined || item.frozen === true || item.provenAt === undefined) return []
    return [{ young: isOnProbation(item, accountCreatedAt, now) }]
  })
  if (standing.some(({ young }) => rule.youngSuffices || !young)) return undefined
  return { rule, why: standing.length > 0 ? 'on_probation' : 'nothing_fresh' }
}

/** Whether an item may be chosen to prove an act with. */
export function mayProve(
  item: ProvingItem,
  rule: StepUpRule,
  accountCreatedAt: Instant,
  now: Instant,
): boolean {
  if (!standsAlone(item, now)) return false
  return rule.youngSuffices || !isOnProbation(item, accountCreatedAt, now)
}

import { flowLasts, repeatedFor } from '../../core/flows/flow.ts'
import { withProofs } from '../../core/proving/proof.ts'
import type { Result } from '../../core/refusal.ts'
import { isContact } from '../../core/security-info/security-info.ts'
import {
  type Act,
  isSensitive,
  mayProve,
  needsStepUp,
  ruleFor,
  type SensitiveAct,
  type StepUpNeeded,
} from '../../core/sign-in/step-up.ts'
import type { StepUp } from '../../core/sign-in/step-up-flow.ts'
import type { Instant } from '../../core/time.ts'
import { newId, uuidOf } from '../../secrets/random.ts'
import { newSessionSeed, rotatedSessionToken } from '../../secrets/tokens.ts'
import { findAccount } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { raise } from '../../storage/session.ts'
import { sqlState, uniqueViolation } from '../../storage/sql.ts'
import { ownedBy } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import { answerFlow, type FlowView, type StepAnswer } from '../proving/answer-flow.ts'
import type { ChoosingCaller, Offer } from '../proving/caller.ts'
import { allChoices } from '../proving/item-choices.ts'
import { elsewhere } from '../proving/prove.ts'
import { isOf, type Requester, type SignedInSession } from '../requester.ts'

/** Proving again before a sensitive act, as the proof engine's caller: what that act takes, in the session alone. */
export const stepUp: ChoosingCaller<StepUp> = {
  kind: 'step_up',
  belongsTo: (state, session) => session !== undefined && isOf(state, session),
  offer: (deps, { state, now }) => offerStepUp(deps, state.accountId, state.act, now),
  mustType: () => false,
  code: () => ({ purpose: 'step_up', length: 6 }),
  accountOf: ({ accountId }) => accountId,
  told: (_deps, { accountId }) => ownedBy(accountId),
  trust: async (_deps, { state }) => ({ level: 'session', sessionId: state.sessionId }),
  mayReadStory: () => true,
  refusedAs: 'proof_refused',
  async proved(_deps, { state, session, now }, proof) {
    if (session === undefined) return elsewhere(state)
    const { accountId, sessionId, returnTo } = state
    const secretHash = session.secretHash.toString('base64url')
    const seed = newSessionSeed()
    return { state: { kind: 'stepped_up', accountId, sessionId, secretHash, seed, proof, returnTo, at: now } }
  },
}

/** Whether a session has to prove something before an act; undefined where it may go on. */
export async function stepUpBefore(
  deps: Deps,
  session: SignedInSession,
  act: Act,
): Promise<StepUpNeeded | undefined> {
  if (!isSensitive(act)) return undefined
  const { items, createdAt } = await provingItems(deps, session.accountId)
  return needsStepUp(act, session.proofs, items, createdAt, session.now)
}

/** What may be proved before an act, by hints of the person's own items. */
export async function offerStepUp(
  deps: Deps,
  accountId: string,
  act: SensitiveAct,
  now: Instant,
): Promise<Offer> {
  const { items, createdAt } = await provingItems(deps, accountId)
  const rule = ruleFor(act, items, now)
  const usable = items.filter((item) => mayProve(item, rule, createdAt, now))
  return {
    choices: allChoices(usable),
    contacts: usable.filter(isContact),
    password: rule.by.includes('password'),
  }
}

async function provingItems(deps: Deps, accountId: string) {
  const { sql } = deps.database
  const [account, items] = await Promise.all([findAccount(sql, accountId), itemsOf(sql, accountId)])
  return { items, createdAt: account?.createdAt ?? 0 }
}

/** What the form of a page carries that is about to begin a step-up. */
export const freshFlowId = newId

/** The flow that such a form begins, in this session alone: nobody chooses the id of one. */
export const stepUpFlowId = (deps: Deps, { accountId, sessionId }: SignedInSession, form: string): string =>
  uuidOf(deps.keyring.current().lookupHash('step up', accountId, sessionId, form))

type Begun = { flowId: string; act: SensitiveAct; returnTo: string; choice: string }

/**
 * Begins a step-up with what was chosen to prove. The flow's id comes with the form, so that a form sent twice begins
 * one flow and sends one code. Refusals: those of the first step.
 */
export async function beginStepUp(
  deps: Deps,
  session: SignedInSession,
  { flowId, act, returnTo, choice }: Begun,
  requester: Requester,
): Promise<Result<StepAnswer>> {
  const { accountId, sessionId } = session
  const state: StepUp = {
    kind: 'step_up',
    accountId,
    sessionId,
    act,
    step: 'choose',
    returnTo,
  }
  try {
    await insertFlow(deps.database.sql, { id: flowId, browser: requester.browser, state, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) !== uniqueViolation) throw fault
  }
  return answerFlow(deps, [stepUp], {
    flowId,
    revision: 0,
    form: { act: 'choose', item: choice },
    requester,
    session,
  })
}

/**
 * Raises the session of a step-up that was gone through: it remembers what was proved and gets a new secret, so that a
 * cookie that somebody had planted or copied before is worth nothing now. The last form, sent again with the old cookie,
 * is answered with the same new one.
 *
 * @returns undefined where it ended too long ago, or the session has changed since
 */
export async function rotateSession(
  deps: Deps,
  flow: FlowView,
  presented: Buffer,
): Promise<{ cookie: string; kept: boolean; returnTo: string } | undefined> {
  const { state, now } = flow
  if (state.kind !== 'stepped_up' || now > state.at + repeatedFor) return undefined
  if (state.seed === undefined) return undefined
  const from = Buffer.from(state.secretHash, 'base64url')
  const token = rotatedSessionToken(deps.keyring.current(), state, state.seed)
  if (!presented.equals(from) && !presented.equals(token.secretHash)) return undefined
  const raised = await deps.database.transaction((sql) =>
    raise(
      sql,
      { accountId: state.accountId, id: state.sessionId },
      { from, to: token.secretHash },
      (proofs) => withProofs(proofs, [state.proof]),
    ),
  )
  return raised && { cookie: token.text, kept: raised.kept, returnTo: state.returnTo }
}

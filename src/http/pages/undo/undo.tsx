import { Hono } from 'hono'
import { isOver } from '../../../core/people/flow.ts'
import { type Refusal, refuse } from '../../../core/refusal.ts'
import {
  answerNotice,
  answerUndoing,
  hintIn,
  readUndoing,
} from '../../../operations/changes/undo-from-notice.ts'
import { waitingMark } from '../../../operations/signing-in/flow-code.ts'
import { type FlowView, findFlow } from '../../../operations/signing-in/flow-step.ts'
import { flowPasskeyOptions, openSealedCode } from '../../../operations/signing-in/prove-item.ts'
import type { Answering, Exchange } from '../../exchange.ts'
import { streamNews } from '../../stream.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { takeForm } from '../own-form.ts'
import {
  NextRecoveryCodePage,
  PasskeyPage,
  type ProofStep,
  RecoveryCodePage,
  TotpPage,
} from '../proof-pages.tsx'
import { waitingPage } from '../signin/flow-page.tsx'
import type { SignInSite } from '../signin/site.ts'
import { formTokenOf, openVisit, readFields, scopeOfFlow, type Visit } from '../visit.ts'
import { NoticeAnsweredPage, NoticePage } from './notice-page.tsx'
import {
  ChooseProofPage,
  ConfirmContactPage,
  DecideUndoPage,
  PasswordProofPage,
  UndoingOverPage,
} from './undo-pages.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * `/changes/{token}`, where a notice's link leads, and `/undo/{id}`, where its reader goes on: what was changed is frozen
 * by the reference, and undone by proofs of what the account had before. No session is needed: a thief may have changed
 * the password.
 */
export function undoPages(given: SignInSite) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()

  /** Opening it changes nothing and tells nothing. */
  pages.get('/changes/:token', (c) => answerPage(c, site, <NoticePage />))

  pages.post('/changes/:token', async (c) => {
    const { source } = openVisit(given, c)
    const read = await readFields(c)
    if (!read.ok) return refusePage(c, site, read.refusal)
    const { reference: typed = '', change = '' } = read.value
    const answered =
      typed.length > 64
        ? refuse({ code: 'reference_wrong' })
        : await answerNotice(
            deps,
            c.req.param('token'),
            { reference: typed, changeId: uuid.test(change) ? change : undefined },
            source,
            c.var.now,
          )
    if (answered.ok) return answerPage(c, site, <NoticeAnsweredPage {...answered.value} reference={typed} />)
    const { refusal } = answered
    return answerFormAgain(c, site, refusal, <NoticePage typed={typed} refusal={refusal} />)
  })

  pages.get('/undo/:id', async (c) => {
    const visit = openVisit(given, c)
    const flow = await flowOf(visit, c.req.param('id'))
    return flow === undefined ? refusePage(c, site, { code: 'flow_ended' }) : show(c, visit, flow, undefined)
  })

  pages.post('/undo/:id', async (c) => {
    const visit = openVisit(given, c)
    const id = c.req.param('id')
    if (!uuid.test(id)) return refusePage(c, site, { code: 'flow_ended' })
    const taken = await takeForm(given, c, visit, scopeOfFlow(id))
    if (!taken.ok) return taken.answer
    const { form } = taken
    const revision = /^\d{1,9}$/.test(form.revision ?? '') ? Number(form.revision) : -1
    const answered = await answerUndoing(deps, id, revision, form, visit.source)
    if (!answered.ok) {
      const flow = await flowOf(visit, id)
      return flow === undefined || isOver(flow.state)
        ? refusePage(c, site, answered.refusal)
        : show(c, visit, flow, answered.refusal)
    }
    const { flow, refusal } = answered.value
    if (refusal !== undefined) return show(c, visit, flow, refusal, form.item)
    return c.redirect(`/undo/${id}`, 303)
  })

  pages.get('/undo/:id/news', async (c) => {
    const visit = openVisit(given, c)
    const id = c.req.param('id')
    if ((await flowOf(visit, id)) === undefined) return refusePage(c, site, { code: 'flow_ended' })
    return streamNews(c, given.news, `flow ${id}`, async () => waitingMark(deps, await flowOf(visit, id)))
  })

  /** A living flow of this browser that began with a notice; no other is found. */
  async function flowOf(visit: Visit, id: string): Promise<FlowView | undefined> {
    const flow =
      uuid.test(id) && !visit.browser.isNew ? await findFlow(deps, id, visit.browser.hash) : undefined
    const kind = flow?.state.kind
    return kind === 'undoing' || kind === 'undoing_over' ? flow : undefined
  }

  async function show(
    c: Answering,
    visit: Visit,
    flow: FlowView,
    refusal: Refusal | undefined,
    chosen?: string,
  ): Promise<Response> {
    const page = await pageOf(c, visit, flow, refusal, chosen)
    if (page === undefined) return refusePage(c, site, { code: 'flow_ended' })
    return refusal === undefined ? answerPage(c, site, page) : answerFormAgain(c, site, refusal, page)
  }

  async function pageOf(
    c: Answering,
    visit: Visit,
    flow: FlowView,
    refusal: Refusal | undefined,
    chosen: string | undefined,
  ) {
    const { state } = flow
    if (state.kind === 'undoing_over') return <UndoingOverPage over={state} />
    if (state.kind !== 'undoing') return undefined
    const shown = await readUndoing(deps, state, visit.source, flow.now)
    if (shown === undefined) return undefined
    const here = `/undo/${flow.id}`
    const hidden = { form: formTokenOf(given, visit, scopeOfFlow(flow.id)), revision: String(flow.revision) }
    const step = { here, hidden, refusal }
    const proof: ProofStep = { ...step, account: '' }
    switch (state.step) {
      case 'choose':
        return <ChooseProofPage {...step} {...{ shown, state, chosen }} />
      case 'confirm':
        return <ConfirmContactPage {...step} hint={hintIn(shown, state)} />
      case 'decide':
        return <DecideUndoPage {...step} {...{ shown, state }} />
      case 'password':
        return <PasswordProofPage {...step} />
      case 'code': {
        const { verificationId } = state
        return waitingPage(given, c, flow, step, { verificationId, to: hintIn(shown, state), others: true })
      }
      case 'totp':
        return <TotpPage {...proof} />
      case 'passkey': {
        const options = await flowPasskeyOptions(deps, flow, state.accountId, visit.source.origin)
        return <PasskeyPage {...proof} options={options} />
      }
      case 'recovery_code':
        return <RecoveryCodePage {...proof} />
      case 'new_recovery_code': {
        if (state.kept === undefined) return undefined
        const code = openSealedCode(deps, flow.id, state.kept.sealedCode)
        return <NextRecoveryCodePage {...proof} code={code} name="" />
      }
    }
  }

  return pages
}

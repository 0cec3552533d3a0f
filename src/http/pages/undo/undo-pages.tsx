import type { Child } from 'hono/jsx'
import type { Undoing, UndoingOver } from '../../../core/people/flow.ts'
import { undoAnnouncedFor } from '../../../core/security-info/undo.ts'
import type { UndoingShown } from '../../../operations/changes/undo-from-notice.ts'
import { Changes } from '../components/changed-item.tsx'
import { type Choice, Choices } from '../components/choices.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Actions, ButtonLink } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { PasswordField } from '../components/password-field.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways, WayToDo } from '../components/ways.tsx'
import { FormPage, useErrors } from '../form-page.tsx'
import { itemChoice } from '../item-choice.tsx'
import { type Say, useReader, useSay } from '../reader.tsx'
import type { Step } from '../signin/flow-page.tsx'
import { Gives, Spared } from './undo-words.tsx'

type Shown = { shown: UndoingShown; state: Undoing }

/** What to prove it with: what was in the security info before the change. */
export function ChooseProofPage({
  shown,
  state,
  chosen,
  ...step
}: Step & Shown & { chosen: string | undefined }) {
  const say = useSay()
  const { items, password, missing, decision } = shown
  const errors = useErrors(step.refusal, 'item')
  const choices = [
    ...(password ? [{ value: 'password', label: say('stepUp.password') }] : []),
    ...items.map((item) => withWhatItGives(item, state, say)),
  ]
  const takesTwo = state.aim === 'undo' && decision.change.detail.twoStep
  const why = state.aim === 'stop' ? 'undo.stopWhy' : takesTwo ? 'change.proveTwo' : 'change.proveOne'
  const isTooLittle = state.aim === 'undo' && items.every(({ gives }) => gives.gives === 'too_little')
  if (choices.length === 0 || isTooLittle) return <NothingLeftPage why={say(why, { missing })} />
  return (
    <FormPage
      title={say(state.aim === 'stop' ? 'undo.stopTitle' : 'undo.proveTitle')}
      lead={say(why, { missing })}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'choose' }}
      button={say('stepUp.next')}
      ways={<Way href="/help">{say('page.help')}</Way>}
    >
      <Choices
        name="item"
        label={say('stepUp.label')}
        error={errorOf(errors, 'item')}
        chosen={chosen ?? choices[0]?.value}
        choices={choices}
      />
    </FormPage>
  )
}

/** Of what stops an undo any is as good as the other; what undoes a change does so at once, or not. */
function withWhatItGives(item: UndoingShown['items'][number], { aim }: Undoing, say: Say): Choice {
  const choice = itemChoice(item, say)
  if (aim === 'stop') return choice
  return {
    ...choice,
    hint: (
      <>
        {choice.hint} {choice.hint !== undefined && '·'} <Gives gives={item.gives} />
      </>
    ),
  }
}

/** Nothing that is older than the change can be proved here: what is left to do. */
function NothingLeftPage({ why }: { why: string }) {
  const say = useSay()
  return (
    <Page title={say('undo.noneTitle')} lead={why}>
      <p>{say('undo.none')}</p>
      <Actions>
        <ButtonLink href="/signin">{say('undo.signIn')}</ButtonLink>
      </Actions>
      <Ways>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

/** The rest of a contact that is not the one the notice came to. */
export function ConfirmContactPage({ hint, ...step }: Step & { hint: string }) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'address')
  return (
    <FormPage
      title={say('confirm.title')}
      lead={say('undo.confirmLead')}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'confirm' }}
      button={say('choose.send')}
      ways={<Other step={step} />}
    >
      <TextField
        name="address"
        label={say('confirm.label', { hint: `\u2068${hint}\u2069` })}
        hint={say('undo.confirmHint')}
        ltr
        error={errorOf(errors, 'address')}
      />
    </FormPage>
  )
}

export function PasswordProofPage(step: Step) {
  const say = useSay()
  const errors = useErrors(step.refusal, 'password')
  return (
    <FormPage
      title={say('signIn.passwordTitle')}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'password' }}
      button={say('stepUp.next')}
      ways={<Other step={step} />}
    >
      <PasswordField
        name="password"
        label={say('signIn.password')}
        autocomplete="current-password"
        error={errorOf(errors, 'password')}
      />
    </FormPage>
  )
}

function Other({ step }: { step: Step }) {
  const say = useSay()
  return (
    <WayToDo action={step.here} hidden={{ ...step.hidden, act: 'other' }}>
      {say('choose.anotherWay')}
    </WayToDo>
  )
}

/** Enough is proved: what would be undone, what that brings back, and the button. */
export function DecideUndoPage({ shown, state, ...step }: Step & Shown) {
  const say = useSay()
  const { now } = useReader()
  const { wait, since, plan } = shown.decision
  const errors = useErrors(step.refusal, 'form')
  if (state.aim === 'stop') {
    return (
      <FormPage
        title={say('undo.stopTitle')}
        lead={say('undo.stopLead')}
        errors={errors}
        action={step.here}
        hidden={{ ...step.hidden, act: 'decide' }}
        button={say('undo.stopDo')}
      >
        <Changes since={since} />
      </FormPage>
    )
  }
  if (plan === undefined) return <NothingLeftPage why={say('undo.wouldLeaveNothing')} />
  const isQuicker = shown.items.some(({ gives }) => gives.gives === 'at_once')
  const ways = isQuicker && <AtOnce step={step} />
  if (wait?.state === 'announced') return <AnnouncedPage from={wait.until} ways={ways} />
  if (wait?.state === 'to_be_asked') {
    return (
      <FormPage
        title={say('undo.askTitle')}
        lead={say('change.waits')}
        errors={errors}
        action={step.here}
        hidden={{ ...step.hidden, act: 'decide' }}
        button={say('undo.ask')}
        ways={ways}
      >
        <p>
          {say('undo.askFrom')} <Moment at={now + undoAnnouncedFor} shape="moment" />
        </p>
      </FormPage>
    )
  }
  return (
    <FormPage
      title={say('change.undoTitle')}
      lead={say('undo.lead')}
      errors={errors}
      action={step.here}
      hidden={{ ...step.hidden, act: 'decide' }}
      button={say('change.undoDo')}
    >
      <Changes since={since} />
      {plan.passwordChanged && <p>{say(plan.passwordBefore ? 'undo.passwordBack' : 'undo.passwordStays')}</p>}
      {plan.endsRecoveryCode && <p>{say('undo.recoveryCodeEnds')}</p>}
      <Spared sparable={shown.decision.sparable} />
    </FormPage>
  )
}

/** Back to the choice, where something else would do it at once. */
function AtOnce({ step }: { step: Step }) {
  const say = useSay()
  return (
    <WayToDo action={step.here} hidden={{ ...step.hidden, act: 'other' }}>
      {say('undo.atOnce')}
    </WayToDo>
  )
}

export function UndoingOverPage({ over }: { over: UndoingOver }) {
  const say = useSay()
  if (over.outcome === 'announced' && over.from !== undefined) return <AnnouncedPage from={over.from} />
  const isStopped = over.outcome === 'stopped'
  return (
    <Page title={say(isStopped ? 'undo.stoppedTitle' : 'undo.doneTitle')}>
      <Notice tone="good">
        <p>{say(isStopped ? 'undo.stopped' : 'undo.done')}</p>
      </Notice>
      <p>{say(isStopped ? 'undo.stoppedNext' : 'undo.doneNext')}</p>
      <Actions>
        <ButtonLink href="/signin">{say('undo.signIn')}</ButtonLink>
      </Actions>
      <Ways>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

/** The undo is announced to every contact; until then nothing else can be done here. */
function AnnouncedPage({ from, ways }: { from: number; ways?: Child }) {
  const say = useSay()
  const when: Child = <Moment at={from} shape="moment" />
  return (
    <Page title={say('undo.announcedTitle')}>
      <p>
        {say('undo.announced')} <b>{when}</b>
      </p>
      <p>{say('undo.announcedNext')}</p>
      <Ways>
        {ways}
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

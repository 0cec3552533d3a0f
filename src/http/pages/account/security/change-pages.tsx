import { shortestAlone } from '../../../../core/people/password.ts'
import type { Refusal } from '../../../../core/refusal.ts'
import type { StoredChange } from '../../../../core/security-info/change.ts'
import { openUntil } from '../../../../core/security-info/freeze.ts'
import { type UndoWait, undoAnnouncedFor } from '../../../../core/security-info/undo.ts'
import { whereWords } from '../../../../messages/where-words.ts'
import type { Decision } from '../../../../operations/changes/decide-change.ts'
import { ChangedItem, Changes, nameOfItem } from '../../components/changed-item.tsx'
import { errorOf } from '../../components/error-summary.tsx'
import { Facts } from '../../components/facts.tsx'
import { Actions, ButtonLink } from '../../components/form.tsx'
import { Moment } from '../../components/moment.tsx'
import { Notice } from '../../components/notice.tsx'
import { Page } from '../../components/page.tsx'
import { PasswordField, Strength } from '../../components/password-field.tsx'
import { Row, Rows } from '../../components/rows.tsx'
import { Way, Ways } from '../../components/ways.tsx'
import { FormPage, NameForPassword, useErrors } from '../../form-page.tsx'
import { useReader, useSay } from '../../reader.tsx'
import { Gives, Spared } from '../../undo/undo-words.tsx'
import { ItemTitle } from './item-pages.tsx'

type Of = { handle: string; name: string }

/** What was changed in the last thirty days, each with a page that can take it back. */
export function ChangeRows({ changes, here }: { changes: readonly StoredChange[]; here: string }) {
  const say = useSay()
  return (
    <Rows label={say('change.list')}>
      {changes.map((change) => (
        <Row
          href={`${here}/changes/${change.id}`}
          title={say(`change.kind.${change.kind}`)}
          below={
            <>
              <ChangedItem change={change} />
              <br />
              {say(`change.state.${change.state}`)} · <Moment at={change.at} shape="moment" />
            </>
          }
          wraps
        />
      ))}
    </Rows>
  )
}

/** One change: what, when, from where, and what can still be done about it. */
export function ChangePage({ decision, handle, name }: Of & { decision: Decision }) {
  const say = useSay()
  const { locale } = useReader()
  const { change } = decision
  const here = `/account/${handle}/security/changes/${change.id}`
  const isUndecided = change.state === 'standing' || change.state === 'frozen'
  const { item } = change.detail
  return (
    <Page title={say(`change.kind.${change.kind}`)} account={name}>
      {change.state === 'frozen' && <FrozenNotice held={decision.since} />}
      <Facts
        facts={[
          ...(item === undefined
            ? []
            : [{ name: say('notice.item'), value: nameOfItem(item) ?? '', ltr: true as const }]),
          { name: say('notice.when'), value: <Moment at={change.at} shape="moment" /> },
          { name: say('notice.where'), value: whereWords(change.detail, locale), ours: true },
          { name: say('change.now'), value: say(`change.state.${change.state}`) },
        ]}
      />
      {isUndecided && (
        <p class="after">
          {say('change.until')} <Moment at={openUntil(change)} shape="moment" />
        </p>
      )}
      {isUndecided && <WhatUndoes choices={decision.choices} />}
      <Ways>
        {change.state === 'standing' && <Way href={`${here}/freeze`}>{say('change.freeze')}</Way>}
        {isUndecided && <Way href={`${here}/undo`}>{say('change.undo')}</Way>}
        {(change.state === 'frozen' || change.undoAskedAt !== undefined) && isUndecided && (
          <Way href={`${here}/keep`}>{say('change.keep')}</Way>
        )}
        <Way href={`/account/${handle}/security`}>{say('security.back')}</Way>
      </Ways>
    </Page>
  )
}

/** What undoes it, and when: told before anything is chosen. */
function WhatUndoes({ choices }: Pick<Decision, 'choices'>) {
  const say = useSay()
  if (choices.length === 0) return null
  return (
    <>
      <h2>{say('change.undoBy')}</h2>
      <ul>
        {choices.map(({ item, gives }) => (
          <li>
            <ItemTitle item={item} /> ({say(`security.kind.${item.kind}`)}): <Gives gives={gives} />
          </li>
        ))}
      </ul>
    </>
  )
}

/** Why nothing can be changed just now, all that is held by its name, and what ends it. */
export function FrozenNotice({ held = [], href }: { held?: readonly StoredChange[]; href?: string }) {
  const say = useSay()
  return (
    <Notice tone="warning" title={say('change.frozenTitle')}>
      <p>{say('change.frozen')}</p>
      {held.length > 0 && <Changes since={held} />}
      {href !== undefined && (
        <p>
          <a href={href}>{say('change.decide')}</a>
        </p>
      )}
    </Notice>
  )
}

type FormOf = Of & { form: string; refusal?: Refusal | undefined; decision: Decision }

export function FreezeChangePage({ decision, handle, name, form, refusal }: FormOf) {
  const say = useSay()
  const here = `/account/${handle}/security/changes/${decision.change.id}`
  return (
    <FormPage
      title={say('change.freezeTitle')}
      lead={say(`change.kind.${decision.change.kind}`)}
      account={name}
      errors={useErrors(refusal, 'form')}
      action={`${here}/freeze`}
      hidden={{ form }}
      button={say('change.freezeDo')}
      ways={<Way href={here}>{say('page.back')}</Way>}
    >
      <p>{say('change.freezeLead')}</p>
    </FormPage>
  )
}

/** Taking back a change and what came after it; where too little is proved, the way to prove it. */
export function UndoChangePage(props: FormOf) {
  const { decision, handle, name, form, refusal } = props
  const say = useSay()
  const here = `/account/${handle}/security/changes/${decision.change.id}`
  const errors = useErrors(refusal, 'next')
  if (decision.proofsMissing > 0) return <ProveMorePage {...props} to={`${here}/undo`} />
  const { wait, plan } = decision
  if (plan === undefined) return <UndoLeavesNothingPage {...{ name, here }} />
  if (wait !== undefined) {
    const isQuicker = decision.choices.some(({ gives }) => gives.gives === 'at_once')
    const prove = isQuicker ? proveHref(handle, `${here}/undo`) : undefined
    return <UndoWaitsPage {...{ name, here, form, refusal, wait, prove }} />
  }
  return (
    <FormPage
      title={say('change.undoTitle')}
      lead={say('change.undoLead')}
      account={name}
      errors={errors}
      action={`${here}/undo`}
      hidden={{ form }}
      button={say('change.undoDo')}
      ways={<Way href={here}>{say('page.back')}</Way>}
    >
      <Changes since={decision.since} />
      <Spared sparable={decision.sparable} />
      {plan.passwordChanged && <NewPassword name={name} error={errorOf(errors, 'next')} />}
    </FormPage>
  )
}

function NewPassword({ name, error }: { name: string; error: string | undefined }) {
  const say = useSay()
  return (
    <>
      <NameForPassword name={name} />
      <PasswordField
        name="next"
        label={say('changePassword.next')}
        hint={say('newPassword.hint', { least: shortestAlone })}
        autocomplete="new-password"
        error={error}
      />
      <Strength of="next" least={shortestAlone} />
    </>
  )
}

export function KeepChangePage(props: FormOf) {
  const { decision, handle, name, form, refusal } = props
  const say = useSay()
  const here = `/account/${handle}/security/changes/${decision.change.id}`
  const errors = useErrors(refusal, 'form')
  if (decision.proofsMissing > 0) return <ProveMorePage {...props} to={`${here}/keep`} />
  return (
    <FormPage
      title={say('change.keepTitle')}
      lead={say('change.keepLead')}
      account={name}
      errors={errors}
      action={`${here}/keep`}
      hidden={{ form }}
      button={say('change.keepDo')}
      ways={<Way href={here}>{say('page.back')}</Way>}
    />
  )
}

type WaitsProps = Pick<FormOf, 'name' | 'form' | 'refusal'> & {
  here: string
  wait: UndoWait
  /** Where something can be proved that undoes it at once. */
  prove: string | undefined
}

/** What was proved is enough, but it has to be announced first, or is announced since too short. */
function UndoWaitsPage({ name, here, form, refusal, wait, prove }: WaitsProps) {
  const say = useSay()
  const { now } = useReader()
  const errors = useErrors(refusal, 'form')
  const back = (
    <>
      {prove !== undefined && <Way href={prove}>{say('undo.atOnce')}</Way>}
      <Way href={here}>{say('page.back')}</Way>
    </>
  )
  if (wait.state === 'announced') {
    return (
      <Page title={say('change.waitsTitle')} account={name}>
        <p>
          {say('undo.announced')}{' '}
          <b>
            <Moment at={wait.until} shape="moment" />
          </b>
        </p>
        <Ways>{back}</Ways>
      </Page>
    )
  }
  return (
    <FormPage
      title={say('undo.askTitle')}
      lead={say('change.waits')}
      account={name}
      errors={errors}
      action={`${here}/undo`}
      hidden={{ form }}
      button={say('undo.ask')}
      ways={back}
    >
      <p>
        {say('undo.askFrom')} <Moment at={now + undoAnnouncedFor} shape="moment" />
      </p>
    </FormPage>
  )
}

function UndoLeavesNothingPage({ name, here }: { name: string; here: string }) {
  const say = useSay()
  return (
    <Page title={say('undo.noneTitle')} lead={say('undo.wouldLeaveNothing')} account={name}>
      <Ways>
        <Way href={here}>{say('page.back')}</Way>
      </Ways>
    </Page>
  )
}

const proveHref = (handle: string, to: string): string =>
  `/account/${handle}/stepup?for=undo_change&return_to=${encodeURIComponent(to)}`

function ProveMorePage({ decision, handle, name, to }: FormOf & { to: string }) {
  const say = useSay()
  const { change, proofsMissing, possible } = decision
  const prove = proveHref(handle, to)
  return (
    <Page title={say('change.proveTitle')} account={name}>
      <p>{say(change.detail.twoStep ? 'change.proveTwo' : 'change.proveOne', { missing: proofsMissing })}</p>
      {possible ? (
        <Actions>
          <ButtonLink href={prove}>{say('change.prove')}</ButtonLink>
        </Actions>
      ) : (
        <p>{say('change.proveNone')}</p>
      )}
      <Ways>
        <Way href={`/account/${handle}/security/changes/${change.id}`}>{say('page.back')}</Way>
      </Ways>
    </Page>
  )
}

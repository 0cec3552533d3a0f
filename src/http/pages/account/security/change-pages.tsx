import type { Child } from 'hono/jsx'
import { shortestAlone } from '../../../../core/people/password.ts'
import type { Refusal } from '../../../../core/refusal.ts'
import { changeOpenFor, type StoredChange } from '../../../../core/security-info/change.ts'
import type { Instant } from '../../../../core/time.ts'
import { whereWords } from '../../../../messages/where-words.ts'
import type { Decision, FreezeOutcome } from '../../../../operations/security-info/freeze.ts'
import { errorOf } from '../../components/error-summary.tsx'
import { Facts } from '../../components/facts.tsx'
import { Actions, ButtonLink } from '../../components/form.tsx'
import { Moment } from '../../components/moment.tsx'
import { Notice } from '../../components/notice.tsx'
import { Page } from '../../components/page.tsx'
import { PasswordField, Strength } from '../../components/password-field.tsx'
import { Row, Rows } from '../../components/rows.tsx'
import { TextField } from '../../components/text-field.tsx'
import { Way, Ways } from '../../components/ways.tsx'
import { FormPage, NameForPassword, useErrors } from '../../form-page.tsx'
import { useReader, useSay } from '../../reader.tsx'

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
      {change.state === 'frozen' && <FrozenNotice />}
      <Facts
        facts={[
          ...(item === undefined
            ? []
            : [{ name: say('notice.item'), value: item.address ?? item.name ?? '', ltr: true as const }]),
          { name: say('notice.when'), value: <Moment at={change.at} shape="moment" /> },
          { name: say('notice.where'), value: whereWords(change.detail, locale) },
          { name: say('change.now'), value: say(`change.state.${change.state}`) },
        ]}
      />
      {isUndecided && (
        <p>
          {say('change.until')} <Moment at={change.at + changeOpenFor} shape="moment" />
        </p>
      )}
      <Ways>
        {change.state === 'standing' && <Way href={`${here}/freeze`}>{say('change.freeze')}</Way>}
        {isUndecided && <Way href={`${here}/undo`}>{say('change.undo')}</Way>}
        {change.state === 'frozen' && <Way href={`${here}/keep`}>{say('change.keep')}</Way>}
        <Way href={`/account/${handle}/security`}>{say('security.back')}</Way>
      </Ways>
    </Page>
  )
}

/** Why nothing can be changed just now, and what ends it. */
export function FrozenNotice({ href }: { href?: string }) {
  const say = useSay()
  return (
    <Notice tone="warning" title={say('change.frozenTitle')}>
      <p>{say('change.frozen')}</p>
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
  if (decision.undoWaitsUntil !== undefined) {
    return <UndoWaitsPage {...{ name, here, until: decision.undoWaitsUntil }} />
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
      <ul>
        {decision.since.map((change) => (
          <li>
            {say(`change.kind.${change.kind}`)} · <Moment at={change.at} shape="moment" />
          </li>
        ))}
      </ul>
      {decision.newPassword && <NewPassword name={name} error={errorOf(errors, 'next')} />}
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

/** What was proved is enough, but not yet. */
function UndoWaitsPage({ name, here, until }: { name: string; here: string; until: Instant }) {
  const say = useSay()
  return (
    <Page title={say('change.waitsTitle')} account={name}>
      <p>
        {say('change.waits')}{' '}
        <b>
          <Moment at={until} shape="moment" />
        </b>
      </p>
      <p>{say('change.waitsNow')}</p>
      <Ways>
        <Way href={here}>{say('page.back')}</Way>
      </Ways>
    </Page>
  )
}

function ProveMorePage({ decision, handle, name, to }: FormOf & { to: string }) {
  const say = useSay()
  const { change, proofsMissing, possible } = decision
  const prove = `/account/${handle}/stepup?for=undo_change&return_to=${encodeURIComponent(to)}`
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

/** The page behind the link of a notice: the same for every link, whether there is a notice behind it or not. */
export function StopChangePage({ typed, refusal }: { typed?: string; refusal?: Refusal }) {
  const say = useSay()
  const { here } = useReader()
  const errors = useErrors(refusal, 'reference')
  return (
    <FormPage
      title={say('stopChange.title')}
      lead={say('stopChange.lead')}
      errors={errors}
      action={here}
      hidden={{}}
      button={say('notice.stop')}
      ways={<Way href="/help">{say('page.help')}</Way>}
    >
      <TextField
        name="reference"
        label={say('report.reference')}
        hint={say('stopChange.hint')}
        value={typed}
        error={errorOf(errors, 'reference')}
        maxlength={64}
        ltr
      />
      <p class="hint">{say('stopChange.meant')}</p>
    </FormPage>
  )
}

export function StoppedPage({ outcome }: { outcome: FreezeOutcome }) {
  const say = useSay()
  const good = outcome === 'freeze' || outcome === 'frozen_already'
  const words: Child = say(`stopChange.${outcome}`)
  return (
    <Page title={say(good ? 'stopChange.doneTitle' : 'stopChange.overTitle')}>
      <Notice tone={good ? 'good' : 'warning'}>
        <p>{words}</p>
      </Notice>
      {good && <p>{say('stopChange.next')}</p>}
      <Ways>
        <Way href="/account">{say('stopChange.account')}</Way>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

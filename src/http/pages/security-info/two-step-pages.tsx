import type { Refusal } from '../../../core/refusal.ts'
import { days } from '../../../core/time.ts'
import type { TrustedBrowserShown } from '../../../operations/security-info/trusted-browsers.ts'
import type { TwoStep } from '../../../operations/security-info/two-step.ts'
import { Badge } from '../components/badge.tsx'
import { Actions, Button, ButtonLink, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Rows, StillRow } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { useBrowserWords } from '../components/where.tsx'
import { FormPage, useErrors } from '../frame/form-page.tsx'
import { thatComesBack } from './come-back.ts'

/** Whether it is on, what it takes to turn it on, and where it does not ask. */
export function TwoStepPage({
  twoStep,
  home,
  account,
  done,
}: {
  twoStep: TwoStep
  home: string
  account: string
  done: 'on' | 'off' | undefined
}) {
  const say = useSay()
  const { onSince, possible, trusted } = twoStep
  const here = `${home}/security/two-step`
  return (
    <Page title={say('twoStep.title')} lead={say('twoStep.lead')} account={account}>
      {done !== undefined && (
        <Notice tone="good">
          <p>{say(done === 'on' ? 'twoStep.doneOn' : 'twoStep.doneOff')}</p>
        </Notice>
      )}
      {onSince === undefined ? (
        <p>
          <Badge tone="warning">{say('twoStep.off')}</Badge>
        </p>
      ) : (
        <p>
          <Badge tone="good">{say('twoStep.on')}</Badge>{' '}
          <span class="quiet">
            {say('twoStep.since')} <Moment at={onSince} shape="moment" />
          </span>
        </p>
      )}
      {onSince === undefined && possible && (
        <Actions>
          <ButtonLink href={`${here}/on`}>{say('twoStep.turnOn')}</ButtonLink>
        </Actions>
      )}
      {onSince === undefined && !possible && <p>{say('twoStep.needs')}</p>}
      <details class="after">
        <summary>{say('twoStep.appsTitle')}</summary>
        <p>{say('twoStep.apps')}</p>
      </details>
      <Ways>
        {onSince === undefined && !possible && <Additions home={home} returnTo={here} />}
        <Way href={`${home}/security/recovery-code`}>{say('setUp.recoveryTitle')}</Way>
        <Way href={`${home}/trusted-browsers`} aside={String(trusted)}>
          {say('trusted.title')}
        </Way>
        {onSince !== undefined && <Way href={`${here}/off`}>{say('twoStep.turnOff')}</Way>}
        <Way href={`${home}/security`}>{say('security.back')}</Way>
      </Ways>
    </Page>
  )
}

/** What a second kind may be; setting it up comes back to `returnTo`. */
export function Additions({ home, returnTo }: { home: string; returnTo?: string }) {
  const say = useSay()
  return (
    <>
      <Way href={thatComesBack(`${home}/security/totp`, returnTo)}>{say('setUp.totpTitle')}</Way>
      <Way href={thatComesBack(`${home}/security/passkey`, returnTo)}>{say('setUp.passkeyTitle')}</Way>
    </>
  )
}

type ChangeProps = { here: string; account: string; form: string; refusal?: Refusal | undefined }

/** A page with a button, since opening a page must never act. */
export function TurnTwoStepPage({
  to,
  make,
  returnTo,
  ...props
}: ChangeProps & { to: 'on' | 'off'; make?: string | undefined; returnTo?: string | undefined }) {
  const say = useSay()
  return (
    <FormPage
      title={say(`twoStep.${to}Title`)}
      lead={say(`twoStep.${to}Lead`)}
      account={props.account}
      errors={useErrors(props.refusal, 'main')}
      action={thatComesBack(`${props.here}/${to}`, returnTo)}
      hidden={{ form: props.form, make }}
      button={say(to === 'on' ? 'twoStep.turnOn' : 'twoStep.turnOff')}
      ways={<Way href={returnTo ?? props.here}>{say(to === 'on' ? 'setUp.later' : 'twoStep.keep')}</Way>}
    />
  )
}

/** A password of eight characters is enough only beside a second proof: a longer one comes first. */
export function LongerPasswordPage({ here, account, to }: { here: string; account: string; to: string }) {
  const say = useSay()
  return (
    <Page title={say('twoStep.longerTitle')} lead={say('twoStep.longer')} account={account}>
      <Actions>
        <ButtonLink href={to}>{say('twoStep.longerDo')}</ButtonLink>
      </Actions>
      <Ways>
        <Way href={here}>{say('twoStep.keep')}</Way>
      </Ways>
    </Page>
  )
}

/** Every browser that is not asked again; each can be, or all. */
export function TrustedBrowsersPage({
  browsers,
  home,
  account,
  form,
  done,
}: {
  browsers: readonly TrustedBrowserShown[]
  home: string
  account: string
  form: string
  done: 'one' | 'all' | undefined
}) {
  const say = useSay()
  const { now } = useReader()
  const browserWords = useBrowserWords()
  const here = `${home}/trusted-browsers`
  return (
    <Page title={say('trusted.title')} lead={say('trusted.lead')} account={account}>
      {done !== undefined && (
        <Notice tone="good">
          <p>{say(done === 'one' ? 'trusted.done' : 'trusted.doneAll')}</p>
        </Notice>
      )}
      {browsers.length === 0 ? (
        <p>{say('trusted.none')}</p>
      ) : (
        <Rows label={say('trusted.title')}>
          {browsers.map((browser) => (
            <StillRow
              title={
                <>
                  {browserWords(browser)} {browser.here && <Badge tone="info">{say('where.here')}</Badge>}
                </>
              }
              below={
                <>
                  {say('trusted.since')} <Moment at={browser.trustedAt} shape="day" />
                  <TrustedFor days={Math.floor((now - browser.trustedAt) / days(1))} />
                  <br />
                  {say('trusted.used')} <Moment at={browser.usedAt} shape="day" /> · {say('trusted.until')}{' '}
                  <Moment at={browser.until} shape="moment" />
                </>
              }
            >
              <form method="post" action={here}>
                <Hidden name="form" value={form} />
                <Hidden name="browser" value={browser.key} />
                <Button look="second small-button">{say('trusted.remove')}</Button>
              </form>
            </StillRow>
          ))}
        </Rows>
      )}
      {browsers.length > 1 && (
        <form class="after" method="post" action={here}>
          <Hidden name="form" value={form} />
          <Hidden name="browser" value="all" />
          <Actions>
            <Button look="second">{say('trusted.removeAll')}</Button>
          </Actions>
        </form>
      )}
      <Ways>
        <Way href={`${home}/security/two-step`}>{say('twoStep.title')}</Way>
      </Ways>
    </Page>
  )
}

const TrustedFor = ({ days }: { days: number }) => {
  const say = useSay()
  return days === 0 ? null : <> · {say('trusted.for', { days })}</>
}

import { inOrder } from '../../../core/proving/proof.ts'
import type { SignedInBrowser } from '../../../operations/activity/signed-in-browsers.ts'
import { Badge } from '../components/badge.tsx'
import { Actions, Button, ButtonLink, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { Rows, StillRow } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { NetworkLine, useBrowserWords } from '../components/where.tsx'

type Props = {
  name: string
  home: string
  form: string
  browsers: readonly SignedInBrowser[]
  done: 'ended' | 'endedOthers' | undefined
}

/** Every browser that is signed in to the account; each can be signed out, all others, or all. */
export function SessionsPage({ name, home, form, browsers, done }: Props) {
  const say = useSay()
  const others = browsers.filter((browser) => !browser.here)
  return (
    <Page title={say('sessions.title')} lead={say('sessions.lead')} account={name}>
      {done !== undefined && (
        <Notice tone="good">
          <p>{say(`sessions.${done}`)}</p>
        </Notice>
      )}
      <Rows label={say('sessions.list')}>
        {browsers.map((browser) => (
          <BrowserRow browser={browser} home={home} form={form} />
        ))}
      </Rows>
      {others.length === 0 && <p class="after">{say('sessions.only')}</p>}
      <form class="after" method="post" action={`${home}/sessions`}>
        <Hidden name="form" value={form} />
        <p class="hint">{say('sessions.everywhereHint')}</p>
        <Actions>
          {others.length > 0 && (
            <Button name="act" value="others">
              {say('sessions.endOthers')}
            </Button>
          )}{' '}
          <Button look="second" name="act" value="everywhere">
            {say('sessions.everywhere')}
          </Button>
        </Actions>
      </form>
      <Ways>
        <Way href={`${home}/activity`}>{say('account.activity')}</Way>
        <Way href={home}>{say('account.back')}</Way>
      </Ways>
    </Page>
  )
}

function BrowserRow({ browser, home, form }: { browser: SignedInBrowser; home: string; form: string }) {
  const say = useSay()
  const browserWords = useBrowserWords()
  const proofs = inOrder(browser.proofs.map(({ kind }) => kind))
  return (
    <StillRow
      title={
        <>
          {browserWords(browser.where)} {browser.here && <Badge tone="info">{say('where.here')}</Badge>}
        </>
      }
      below={
        <>
          <NetworkLine where={browser.where} />
          <br />
          {say('sessions.signedIn')} <Moment at={browser.signedInAt} shape="moment" /> ·{' '}
          {say('sessions.provedBy')} {proofs.map((kind) => say(`proof.${kind}`)).join(' + ')}
          <br />
          {say('sessions.seen')} <Moment at={browser.lastSeenAt} shape="moment" />
        </>
      }
    >
      {!browser.here && (
        <form method="post" action={`${home}/sessions`}>
          <Hidden name="form" value={form} />
          <Hidden name="act" value="one" />
          <Hidden name="session" value={browser.sessionId} />
          <Button look="second small-button">{say('sessions.end')}</Button>
        </form>
      )}
    </StillRow>
  )
}

/** What is left of an account on a browser that signed out of it everywhere. */
export function SignedOutPage({ name }: { name: string }) {
  const say = useSay()
  return (
    <Page title={say('sessions.doneTitle')} lead={say('sessions.done')} account={name}>
      <Actions>
        <ButtonLink href="/signin">{say('sessions.again')}</ButtonLink>
      </Actions>
      <Ways>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

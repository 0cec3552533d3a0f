import { Actions, ButtonLink } from '../components/form.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Way, Ways } from '../components/ways.tsx'

/** Where an address without a path leads: what this is, and the ways on. */
export function HomePage() {
  const { site } = useReader()
  const say = useSay()
  return (
    <Page title={site.name} lead={say('home.lead', { operator: site.name })}>
      <Actions>
        <ButtonLink href="/signin">{say('home.signIn')}</ButtonLink>{' '}
        <ButtonLink href="/signup" look="second">
          {say('home.signUp')}
        </ButtonLink>
      </Actions>
      <Ways>
        {site.inbox && <Way href="/inbox">{say('home.inbox')}</Way>}
        {site.inbox && <Way href="/docs">{say('home.docs')}</Way>}
        <Way href="/help">{say('home.help')}</Way>
      </Ways>
    </Page>
  )
}

import type { Child } from 'hono/jsx'
import type { Refusal } from '../../../core/refusal.ts'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { refusalWords } from '../components/refusal-words.ts'
import { Way, Ways } from '../components/ways.tsx'

/** What happened, why, and the ways on, the nearest first: for a refusal that no form can show. */
export function RefusalPage({ refusal, nearest }: { refusal: Refusal; nearest: Child }) {
  const reader = useReader()
  const say = useSay()
  const { title, detail, advice } = refusalWords(reader, refusal)
  return (
    <Page title={title} lead={detail}>
      <p>{advice}</p>
      <p class="quiet small">
        {say('page.request')} <code>{reader.requestId}</code>
      </p>
      <Ways>
        {nearest}
        <Way href="/">{say('page.start', { operator: reader.site.name })}</Way>
        <Way href={`/help/errors/${refusal.code}`}>{say('page.explain')}</Way>
      </Ways>
    </Page>
  )
}

/** For somebody who has accounts signed in on this browser. */
export const WayToAccounts = () => <Way href="/account">{useSay()('page.accounts')}</Way>

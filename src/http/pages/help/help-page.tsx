import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Way, Ways } from '../components/ways.tsx'

/** What people ask most, and the way to every refusal. */
export function HelpPage() {
  const { site } = useReader()
  const say = useSay()
  return (
    <Page title={say('help.title')} lead={say('help.lead')}>
      <div class="card">
        {(['code', 'missing', 'unasked'] as const).map((topic) => (
          <>
            <h2>{say(`help.about.${topic}Title`)}</h2>
            <p>{say(`help.about.${topic}`)}</p>
          </>
        ))}
        <h2>{say('help.about.appsTitle')}</h2>
        <p>{say('twoStep.apps')}</p>
      </div>
      <Ways>
        <Way href="/help/errors">{say('help.errors.title')}</Way>
        {site.supportAddress !== undefined && (
          <Way href={`mailto:${site.supportAddress}`}>
            {say('report.tell', { address: site.supportAddress })}
          </Way>
        )}
      </Ways>
    </Page>
  )
}

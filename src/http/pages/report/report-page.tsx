import type { Refusal } from '../../../core/refusal.ts'
import { formatMoment } from '../../../locales/moments.ts'
import type { ReportOutcome } from '../../../operations/report-message.ts'
import { errorOf } from '../components/error-summary.tsx'
import { Actions, Button, Form } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { useReader, useSay } from '../reader.tsx'
import { refusalWords } from '../refusal-words.ts'

/** The same for every link, whether there is a message behind it or not. */
export function ReportPage({ typed, refusal }: { typed?: string; refusal?: Refusal }) {
  const reader = useReader()
  const say = useSay()
  const errors =
    refusal === undefined ? [] : [{ field: 'reference', message: refusalWords(reader, refusal).detail }]
  return (
    <Page title={say('report.title')} lead={say('report.lead')} errors={errors}>
      <Form>
        <TextField
          name="reference"
          label={say('report.reference')}
          hint={say('report.hint')}
          value={typed}
          error={errorOf(errors, 'reference')}
          maxlength={64}
          ltr
        />
        <Actions>
          <Button>{say('report.send')}</Button>
        </Actions>
      </Form>
      <p class="after">{say('report.meant')}</p>
      <details>
        <summary>{say('report.why')}</summary>
        <p>{say('report.whyText')}</p>
      </details>
    </Page>
  )
}

/** What it came to, and what to do if it goes on. */
export function ReportedPage({ outcome }: { outcome: ReportOutcome }) {
  const { site, locale, timeZone } = useReader()
  const say = useSay()
  return (
    <Page title={say(`report.${outcome.result}Title`)}>
      {outcome.result === 'used' ? (
        <>
          <Notice tone="warning">
            <p>{say('report.used', { at: formatMoment(locale, outcome.usedAt, timeZone) })}</p>
          </Notice>
          <p>{say('report.usedNext', { operator: site.name })}</p>
        </>
      ) : (
        <>
          <Notice tone="good">
            <p>{say(`report.${outcome.result}`)}</p>
          </Notice>
          <p>{say('report.endedNext')}</p>
        </>
      )}
      <Ways>
        {site.supportAddress !== undefined && (
          <Way href={`mailto:${site.supportAddress}`}>
            {say('report.tell', { address: site.supportAddress })}
          </Way>
        )}
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

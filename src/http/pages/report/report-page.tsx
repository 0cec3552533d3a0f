import type { Refusal } from '../../../core/refusal.ts'
import { formatMoment } from '../../../locales/moments.ts'
import type { Asked, ReportOutcome } from '../../../operations/activity/report-message.ts'
import { errorOf } from '../components/error-summary.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button, Form, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { refusalWords } from '../components/refusal-words.ts'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { PlaceWords, useBrowserWords } from '../components/where.tsx'
import { FormPage } from '../frame/form-page.tsx'

/** The same for every link, whether there is a message behind it or not. */
export function ReportPage({ form, typed, refusal }: { form: string; typed?: string; refusal?: Refusal }) {
  const reader = useReader()
  const say = useSay()
  const errors =
    refusal === undefined ? [] : [{ field: 'reference', message: refusalWords(reader, refusal).detail }]
  return (
    <Page title={say('report.title')} lead={say('report.lead')} errors={errors}>
      <Form>
        <Hidden name="form" value={form} />
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

/** For somebody who is signed in to the account that the message was for: a button is enough. */
export function OwnReportPage({ here, handle, form }: { here: string; handle: string; form: string }) {
  const say = useSay()
  return (
    <FormPage
      title={say('report.title')}
      lead={say('report.lead')}
      action={here}
      hidden={{ handle, form }}
      button={say('report.send')}
      ways={<Way href={`/account/${handle}/activity?filter=codes`}>{say('activity.codes')}</Way>}
    >
      <p>{say('report.meant')}</p>
    </FormPage>
  )
}

/** What it came to, who asked, and what to do if it goes on; `handle` where the account is signed in here. */
export function ReportedPage({ outcome, handle }: { outcome: ReportOutcome; handle?: string }) {
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
      <WhoAsked asked={outcome.asked} />
      <Ways>
        {handle !== undefined && (
          <>
            <Way href={`/account/${handle}/sessions`}>{say('account.sessions')}</Way>
            <Way href={`/account/${handle}/password`}>{say('account.password')}</Way>
          </>
        )}
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

function WhoAsked({ asked: { at, application, where } }: { asked: Asked }) {
  const { site } = useReader()
  const say = useSay()
  const browserWords = useBrowserWords()
  const by =
    application === undefined
      ? where && { name: say('notMe.facts.browser'), value: browserWords(where), ours: true as const }
      : { name: say('report.application'), value: <bdi>{application}</bdi> }
  return (
    <>
      <h2>{say('report.who')}</h2>
      <Facts
        facts={[
          { name: say('notMe.facts.when'), value: <Moment at={at} shape="moment" /> },
          ...(by === undefined ? [] : [by]),
          ...(where === undefined
            ? []
            : [{ name: say('notMe.facts.where'), value: <PlaceWords where={where} />, ours: true as const }]),
        ]}
      />
      <p class="after">
        {where === undefined
          ? say('report.unknown', { application: `\u2068${application ?? site.name}\u2069` })
          : say('report.halved')}
      </p>
    </>
  )
}

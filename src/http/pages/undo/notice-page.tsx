import type { Refusal } from '../../../core/refusal.ts'
import type { AnsweredNotice } from '../../../operations/undo/undo-from-notice.ts'
import { Changes } from '../components/changed-item.tsx'
import { errorOf } from '../components/error-summary.tsx'
import { Actions, ButtonLink } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { FormPage, useErrors } from '../frame/form-page.tsx'
import { LostContactPage } from './lost-contact-page.tsx'

/** The page behind the link of a notice: the same for every link, whether there is a notice behind it or not. */
export function NoticePage({ form, typed, refusal }: { form: string; typed?: string; refusal?: Refusal }) {
  const say = useSay()
  const { here } = useReader()
  const errors = useErrors(refusal, 'reference')
  return (
    <FormPage
      title={say('stopChange.title')}
      lead={say('stopChange.lead')}
      errors={errors}
      action={here}
      hidden={{ form }}
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

/** What came of the reference, and the next step: undoing the change, or stopping somebody else's undo. */
export function NoticeAnsweredPage({
  outcome,
  flowId,
  held = [],
  freezable,
  reference,
}: AnsweredNotice & { reference: string }) {
  const say = useSay()
  if (outcome === 'removed_as_lost')
    return <LostContactPage freezable={freezable ?? []} reference={reference} />
  const goesOn = flowId !== undefined
  const title = { freeze: 'doneTitle', frozen_already: 'doneTitle', undo_asked: 'askedTitle' } as const
  const titled = outcome in title ? title[outcome as keyof typeof title] : 'overTitle'
  return (
    <Page title={say(`stopChange.${titled}`)}>
      <Notice tone={goesOn ? 'good' : 'warning'}>
        <p>{say(`stopChange.${outcome}`)}</p>
      </Notice>
      {held.length > 0 && (
        <>
          <h2>{say('change.held')}</h2>
          <Changes since={held} />
        </>
      )}
      {goesOn && (
        <>
          <p>{say(outcome === 'undo_asked' ? 'stopChange.nextStop' : 'stopChange.next')}</p>
          <Actions>
            <ButtonLink href={`/undo/${flowId}`}>
              {say(outcome === 'undo_asked' ? 'stopChange.stop' : 'stopChange.undo')}
            </ButtonLink>
          </Actions>
        </>
      )}
      <Ways>
        <Way href="/account">{say('stopChange.account')}</Way>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

import type { StoredChange } from '../../../core/changes/change.ts'
import { ChangedItem } from '../components/changed-item.tsx'
import { Button, Hidden } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Rows, StillRow } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'

type Props = { freezable: readonly StoredChange[]; reference: string }

/** What is left to a contact that was removed as lost or stolen: freezing what was changed before. */
export function LostContactPage({ freezable, reference }: Props) {
  const say = useSay()
  const { here } = useReader()
  return (
    <Page title={say('lostContact.title')} lead={say('lostContact.lead')}>
      <p>{say(freezable.length > 0 ? 'lostContact.before' : 'lostContact.nothing')}</p>
      {freezable.length > 0 && (
        <Rows label={say('change.list')}>
          {freezable.map((change) => (
            <StillRow
              title={say(`change.kind.${change.kind}`)}
              below={
                <>
                  <ChangedItem change={change} /> · <Moment at={change.at} shape="moment" />
                </>
              }
            >
              <form method="post" action={here}>
                <Hidden name="reference" value={reference} />
                <Hidden name="change" value={change.id} />
                <Button look="second small-button">{say('change.freezeDo')}</Button>
              </form>
            </StillRow>
          ))}
        </Rows>
      )}
      <Ways>
        <Way href="/signin">{say('undo.signIn')}</Way>
        <Way href="/help">{say('page.help')}</Way>
      </Ways>
    </Page>
  )
}

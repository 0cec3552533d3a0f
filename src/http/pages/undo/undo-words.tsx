import type { StoredChange } from '../../../core/security-info/change.ts'
import type { UndoGives } from '../../../core/security-info/undo-gives.ts'
import { sparePrefix } from '../../../operations/changes/undo-from-notice.ts'
import { ChangedItem } from '../components/changed-item.tsx'
import { Moment } from '../components/moment.tsx'
import { TickBox } from '../components/tick-box.tsx'
import { useSay } from '../reader.tsx'

/** What a choice gives, before it is made. */
export function Gives({ gives }: { gives: UndoGives }) {
  const say = useSay()
  if (gives.gives !== 'later') return <>{say(`undo.gives.${gives.gives}`)}</>
  return (
    <>
      {say('undo.gives.later')} <Moment at={gives.from} shape="moment" />
    </>
  )
}

/** What came after the change and may be left: ticked, it stays. */
export function Spared({ sparable }: { sparable: readonly StoredChange[] }) {
  const say = useSay()
  if (sparable.length === 0) return null
  return (
    <>
      <h2>{say('undo.spareTitle')}</h2>
      <p>{say('undo.spareLead')}</p>
      {sparable.map((change) => (
        <TickBox
          name={`${sparePrefix}${change.id}`}
          label={<ChangedItem change={change} />}
          hint={
            <>
              {change.detail.item && say(`security.kind.${change.detail.item.kind}`)} ·{' '}
              {say('security.dayAdded')} <Moment at={change.at} shape="moment" />
            </>
          }
        />
      ))}
    </>
  )
}

import { hintOfStored } from '../../../core/address.ts'
import type { ChangedItem as ItemOfChange, StoredChange } from '../../../core/changes/change.ts'
import { whereWords } from '../../../messages/where-words.ts'
import { Moment } from './moment.tsx'
import { useReader, useSay } from './reader.tsx'

export const nameOfItem = ({ address, name }: Pick<ItemOfChange, 'address' | 'name'>): string | undefined =>
  address === undefined ? name : hintOfStored(address)

/** Which part of security info it was; where it was none, where the change came from. */
export function ChangedItem({ change: { detail } }: { change: StoredChange }) {
  const say = useSay()
  const { locale } = useReader()
  const { item } = detail
  if (item === undefined) return <>{whereWords(detail, locale)}</>
  const name = nameOfItem(item)
  if (name === undefined) return <>{say(`security.kind.${item.kind}`)}</>
  return <bdi dir={item.address && 'ltr'}>{name}</bdi>
}

/** What is held or decided together, the newest first, each by its name. */
export function Changes({ since }: { since: readonly StoredChange[] }) {
  const say = useSay()
  return (
    <ul>
      {since.map((change) => (
        <li>
          {say(`change.kind.${change.kind}`)}: <ChangedItem change={change} /> ·{' '}
          <Moment at={change.at} shape="moment" />
        </li>
      ))}
    </ul>
  )
}

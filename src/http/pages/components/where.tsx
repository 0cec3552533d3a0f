import type { Where } from '../../../operations/activity/read-activity.ts'
import { useSay } from './reader.tsx'

/** "Firefox on Windows", as far as it is known. */
export function useBrowserWords(): (where: Pick<Where, 'browser' | 'system'>) => string {
  const say = useSay()
  return ({ browser, system }) => {
    if (browser !== undefined && system !== undefined) return say('where.browserOn', { browser, system })
    return browser ?? system ?? say('where.unknown')
  }
}

/** Browser, place and address on one line, in the order in which people know them. */
export function WhereLine({ where, many = false }: { where: Where; many?: boolean }) {
  const say = useSay()
  const browserWords = useBrowserWords()
  if (many) return <>{say('where.many')}</>
  return (
    <>
      {browserWords(where)}
      {where.ip !== undefined && ' · '}
      <NetworkLine where={where} />
    </>
  )
}

/** Place and address; nothing where neither is known. */
export const NetworkLine = ({ where }: { where: Where }) =>
  where.ip === undefined ? null : (
    <>
      <PlaceWords where={where} /> · <bdi dir="ltr">{where.ip}</bdi>
    </>
  )

export function PlaceWords({ where }: { where: Where }) {
  const say = useSay()
  if (where.place !== undefined) return <bdi>{where.place}</bdi>
  return <>{say('where.network', { network: `\u2066${where.network ?? ''}\u2069` })}</>
}

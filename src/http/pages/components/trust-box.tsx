import { useSay } from './reader.tsx'
import { TickBox } from './tick-box.tsx'

/** "Don't ask again in this browser", where two-step verification asks. */
export function TrustBox({ ticked }: { ticked: boolean }) {
  const say = useSay()
  return <TickBox name="trust" label={say('trust.label')} hint={say('trust.hint')} ticked={ticked} />
}

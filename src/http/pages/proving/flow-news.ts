import { mayReadStory } from '../../../operations/flows/callers.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { waitingMark } from '../../../operations/proving/codes.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { streamLiveUpdates } from '../../exchange/live-updates.ts'
import { refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'

/** The live updates of a flow's waiting page; `find` gives the flow where this reader may see it. */
export async function flowUpdates(
  c: Answering,
  { deps, news, site }: PagesContext,
  find: () => Promise<FlowView | undefined>,
): Promise<Response> {
  const flow = await find()
  if (flow === undefined) return refusePage(c, site, { code: 'flow_ended' })
  const mark = async () => {
    const current = await find()
    return waitingMark(deps, current, current !== undefined && mayReadStory(current.state))
  }
  return streamLiveUpdates(c, news, `flow ${flow.id}`, mark)
}

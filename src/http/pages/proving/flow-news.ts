import { mayReadStory } from '../../../operations/flows/callers.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { waitingMark } from '../../../operations/proving/codes.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { streamNews } from '../../exchange/live-updates.ts'
import { refusePage } from '../frame/answer-page.tsx'
import type { SignInSite } from '../frame/pages-context.ts'

/** The live updates of a flow's waiting page; `find` gives the flow where this reader may see it. */
export async function flowNews(
  c: Answering,
  { deps, news, site }: SignInSite,
  find: () => Promise<FlowView | undefined>,
): Promise<Response> {
  const flow = await find()
  if (flow === undefined) return refusePage(c, site, { code: 'flow_ended' })
  const mark = async () => {
    const current = await find()
    return waitingMark(deps, current, current !== undefined && mayReadStory(current.state))
  }
  return streamNews(c, news, `flow ${flow.id}`, mark)
}

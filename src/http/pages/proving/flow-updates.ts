import { mayReadStory } from '../../../operations/flows/callers.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { waitingMark } from '../../../operations/proving/codes.ts'
import { streamLiveUpdates } from '../../exchange/event-stream.ts'
import type { Answering } from '../../exchange/exchange.ts'
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
  const look = async () => {
    const current = await find()
    return waitingMark(deps, current, current !== undefined && mayReadStory(current.state))
  }
  const { state } = flow
  const sessionId = 'sessionId' in state ? state.sessionId : undefined
  const group = sessionId === undefined ? `flow ${flow.id}` : `session ${sessionId}`
  const stream = streamLiveUpdates(c, news, { topic: `flow ${flow.id}`, group, look })
  return stream.ok ? stream.value : refusePage(c, site, stream.refusal)
}

import { mayReadStory } from '../../../operations/flows.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { waitingMark } from '../../../operations/proving/codes.ts'
import type { Answering } from '../../exchange.ts'
import { streamNews } from '../../stream.ts'
import { refusePage } from '../answer-page.tsx'
import type { SignInSite } from '../sign-in/site.ts'

/** The live updates of a flow's waiting page; `find` gives the flow where this reader may see it. */
export async function flowNews(
  c: Answering,
  { deps, news, site }: SignInSite,
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
  const stream = streamNews(c, news, { topic: `flow ${flow.id}`, group, look })
  return stream.ok ? stream.value : refusePage(c, site, stream.refusal)
}

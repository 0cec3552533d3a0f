import { findMessage, readMessages } from '../../../operations/activity/read-messages.ts'
import { accountName } from '../../../operations/sign-in/sessions.ts'
import { answerPage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import type { AccountRoutes } from '../session/signed-in-routes.ts'
import { MessagesPage } from './messages-page.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What was sent to an account's contacts. */
export function messagesRoutes({ deps, site, sender }: PagesContext, routes: AccountRoutes): void {
  routes.get('/account/:handle/messages', async ({ c, session }) => {
    const cursor = c.req.query('before')
    const before = cursor !== undefined && uuid.test(cursor) ? cursor : undefined
    const typed = c.req.query('reference')?.trim().slice(0, 64)
    const looked =
      typed === undefined || typed === ''
        ? undefined
        : { typed, found: await findMessage(deps, session.accountId, typed, c.var.now) }
    return answerPage(
      c,
      site,
      <MessagesPage
        name={await accountName(deps, session.accountId)}
        home={`/account/${session.handle}`}
        page={await readMessages(deps, session.accountId, before, c.var.now)}
        isLater={before !== undefined}
        looked={looked}
        sender={sender.address}
      />,
    )
  })
}

import { Hono } from 'hono'
import {
  type InboxMessage,
  inboxMark,
  readInbox,
  readInboxMessage,
} from '../../../operations/administration/read-inbox.ts'
import type { Deps } from '../../../operations/deps.ts'
import { streamLiveUpdates } from '../../exchange/event-stream.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import type { LiveUpdates } from '../../exchange/live-updates.ts'
import { isoMoment } from '../../exchange/refusals.ts'
import type { Site } from '../components/site.ts'
import { answerPage, type Refuse, wantsPage } from '../frame/answer-page.tsx'
import { pageHeaders } from '../frame/page-headers.ts'
import { InboxPage } from './inbox-page.tsx'
import { isFromThisMachine } from './loopback-only.ts'

/** The topic on which the built-in inbox tells that a message has come. */
export const inboxTopic = 'inbox'

/** `/inbox`: for development, and only on the machine itself; anywhere else there is nothing at this address. */
export function inboxRoutes(deps: Deps, site: Site, news: LiveUpdates, refuse: Refuse) {
  const inbox = new Hono<Exchange>()
  const guarded = pageHeaders(site)

  inbox.use(async (c, next) => {
    if (!isFromThisMachine(c)) return refuse(c as Answering, { code: 'route_unknown' })
    return wantsJson(c as Answering) ? next() : guarded(c, next)
  })

  inbox.get('/', async (c) => {
    const to = c.req.query('to')?.trim() || undefined
    // Read before the messages, so that one that comes in between is news to the page.
    const mark = await inboxMark(deps)
    const messages = await readInbox(deps, to)
    if (wantsJson(c as Answering)) return c.json({ messages: messages.map(describe) })
    return answerPage(
      c as Answering,
      site,
      <InboxPage messages={messages} mark={mark} to={to} open={undefined} />,
    )
  })

  inbox.get('/stream', (c) => {
    const stream = streamLiveUpdates(c as Answering, news, { topic: inboxTopic, look: () => inboxMark(deps) })
    return stream.ok ? stream.value : refuse(c as Answering, stream.refusal)
  })

  inbox.get('/:id{[0-9a-f-]{36}}', async (c) => {
    const message = await readInboxMessage(deps, c.req.param('id'))
    if (message === undefined) return refuse(c as Answering, { code: 'message_unknown' })
    if (wantsJson(c as Answering)) return c.json(describe(message))
    const [mark, messages] = [await inboxMark(deps), await readInbox(deps)]
    return answerPage(
      c as Answering,
      site,
      <InboxPage messages={messages} mark={mark} to={undefined} open={message} />,
    )
  })

  inbox.get('/:id{[0-9a-f-]{36}}/preview', async (c) => {
    const message = await readInboxMessage(deps, c.req.param('id'))
    if (message?.html == null) return refuse(c as Answering, { code: 'message_unknown' })
    c.header('Content-Security-Policy', previewPolicy)
    return c.html(message.html)
  })

  return inbox
}

/** What a mail may do in its frame: look as it was made to look. No script, nothing fetched, no form, no link out. */
const previewPolicy = [
  'sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "form-action 'none'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
].join('; ')

const wantsJson = (c: Answering): boolean =>
  !wantsPage(c) && /application\/json/i.test(c.req.header('accept') ?? '')

const describe = (message: InboxMessage) => ({
  id: message.id,
  channel: message.channel,
  to: message.to,
  subject: message.subject,
  text: message.text,
  html: message.html,
  sent_at: isoMoment(message.sentAt),
  reference: message.reference,
})

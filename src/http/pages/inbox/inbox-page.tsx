import { groupCode } from '../../../messages/group-code.ts'
import type { InboxMessage } from '../../../operations/administration/read-inbox.ts'
import { Copy } from '../components/copy.tsx'
import { Empty } from '../components/empty.tsx'
import { Facts } from '../components/facts.tsx'
import { Button } from '../components/form.tsx'
import { Live } from '../components/live.tsx'
import { Moment } from '../components/moment.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Row, Rows } from '../components/rows.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'

type Props = {
  messages: readonly InboxMessage[]
  /** What the list was made from, for the stream of news. */
  mark: string
  /** The address or number that is looked for. */
  to: string | undefined
  open: InboxMessage | undefined
}

/** A list, and beside it the message that is open; on a narrow window the open message comes first. */
export function InboxPage({ messages, mark, to, open }: Props) {
  const say = useSay()
  return (
    <Page
      title={open === undefined ? say('inbox.title') : say('inbox.message', { to: open.to })}
      lead={open === undefined ? say('inbox.lead') : undefined}
      width={open === undefined ? 'task' : 'wide'}
    >
      {open === undefined ? (
        <>
          <Search to={to} />
          <List messages={messages} mark={mark} to={to} open={undefined} />
        </>
      ) : (
        <div class="split reading">
          <div class="stays">
            <List messages={messages} mark={mark} to={to} open={open} />
          </div>
          <Message message={open} />
        </div>
      )}
    </Page>
  )
}

function Search({ to }: { to: string | undefined }) {
  const say = useSay()
  return (
    <form method="get" action="/inbox" class="search">
      <TextField name="to" label={say('inbox.filter')} value={to} ltr />
      <Button look="second">{say('inbox.show')}</Button>
      {to !== undefined && <a href="/inbox">{say('inbox.all')}</a>}
    </form>
  )
}

function List({ messages, mark, to, open }: Props) {
  const say = useSay()
  return (
    <Live id="messages" stream={`/inbox/stream?seen=${encodeURIComponent(mark)}`}>
      {messages.length === 0 ? (
        <Nothing to={to} />
      ) : (
        <Rows label={say('inbox.messages')}>
          {messages.map((message) => (
            <Row
              href={`/inbox/${message.id}`}
              title={message.to}
              aside={<Moment at={message.sentAt} shape="clock" />}
              below={message.subject ?? message.text}
              current={message.id === open?.id}
            />
          ))}
        </Rows>
      )}
    </Live>
  )
}

function Nothing({ to }: { to: string | undefined }) {
  const say = useSay()
  return (
    <Empty icon="mail" title={say('inbox.emptyTitle')}>
      <p>{say(to === undefined ? 'inbox.empty' : 'inbox.emptyFor')}</p>
      <p>
        <a href="/docs#begin">{say('inbox.try')}</a>
      </p>
    </Empty>
  )
}

function Message({ message }: { message: InboxMessage }) {
  const say = useSay()
  const { site } = useReader()
  const code = codeIn(message)
  const report = reportAddress(message, site.publicUrl)
  return (
    <article class="message">
      {code !== undefined && (
        <div class="card">
          <p class="hint">{say('inbox.code')}</p>
          <bdo dir="ltr" class="digits-shown">
            {groupCode(code)}
          </bdo>
          <Copy text={code} label={say('inbox.copyCode')} />
        </div>
      )}
      <Facts
        facts={[
          { name: say('inbox.to'), value: message.to, ltr: true },
          ...(message.subject === null ? [] : [{ name: say('inbox.subject'), value: message.subject }]),
          { name: say('inbox.sent'), value: <Moment at={message.sentAt} shape="moment" /> },
          { name: say('inbox.channel'), value: say(`inbox.${message.channel}`) },
          { name: say('inbox.reference'), value: message.reference, ltr: true },
        ]}
      />
      {message.html !== null && (
        <>
          <h2>{say('inbox.preview')}</h2>
          <iframe src={`/inbox/${message.id}/preview`} title={say('inbox.preview')} sandbox="" />
        </>
      )}
      <h2>{say(message.html === null ? 'inbox.text' : 'inbox.plain')}</h2>
      <pre class="letter" dir="auto">
        {message.text}
      </pre>
      <Ways>
        {report !== undefined && <Way href={report}>{say('inbox.report')}</Way>}
        <Way href="/inbox">{say('inbox.all')}</Way>
      </Ways>
    </article>
  )
}

/** A mail has its code on a line of its own; a text has it in the last line, where phones look for it. */
const codeIn = ({ text }: InboxMessage): string | undefined =>
  (/^ {4}(\d{3} \d{3}|\d{4} \d{4})$/m.exec(text)?.[1] ?? /#(\d{6,8})$/.exec(text)?.[1])?.replace(' ', '')

/** "I didn't ask for this" in the message itself; a link in the framed mail goes nowhere. */
function reportAddress({ text }: InboxMessage, publicUrl: string): string | undefined {
  const address = `${publicUrl}/report/`
  const at = text.indexOf(address)
  const token = /^[\w-]+/.exec(at < 0 ? '' : text.slice(at + address.length))
  return token === null ? undefined : `/report/${token[0]}`
}

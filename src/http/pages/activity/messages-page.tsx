import type { MessagesPage as MessagesRead, Sent } from '../../../operations/activity/read-messages.ts'
import { Badge } from '../components/badge.tsx'
import { Empty } from '../components/empty.tsx'
import { Facts } from '../components/facts.tsx'
import { Actions, Button } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Rows, StillRow } from '../components/rows.tsx'
import { Story } from '../components/story.tsx'
import { TextField } from '../components/text-field.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { deliverySteps } from '../proving/delivery-story.ts'

type Props = {
  name: string
  home: string
  page: MessagesRead
  isLater: boolean
  /** The reference that is looked for, and what was found. */
  looked: { typed: string; found: Sent | undefined } | undefined
  /** The address that mail comes from. */
  sender: string
}

/** What we sent to the account's contacts, so that a real message can be told from a forged one. */
export function MessagesPage({ name, home, page, isLater, looked, sender }: Props) {
  const say = useSay()
  const here = `${home}/messages`
  return (
    <Page title={say('messages.title')} lead={say('messages.lead')} account={name}>
      {looked !== undefined && <Looked looked={looked} />}
      <form method="get" action={here} class="card">
        <TextField
          name="reference"
          label={say('messages.look')}
          hint={say('messages.lookHint')}
          value={looked?.typed}
          maxlength={64}
          ltr
        />
        <Actions>
          <Button look="second">{say('messages.check')}</Button>
        </Actions>
      </form>
      <h2>{say('messages.list')}</h2>
      {page.sent.length === 0 ? (
        <Empty icon="mail" title={say('messages.emptyTitle')}>
          <p>{say('messages.empty')}</p>
        </Empty>
      ) : (
        <Rows label={say('messages.list')}>
          {page.sent.map((sent) => (
            <SentRow sent={sent} sender={sender} />
          ))}
        </Rows>
      )}
      <Ways>
        {page.older !== undefined && <Way href={`${here}?before=${page.older}`}>{say('activity.older')}</Way>}
        {isLater && <Way href={here}>{say('activity.newest')}</Way>}
        <Way href={`${home}/activity`}>{say('account.activity')}</Way>
        <Way href={home}>{say('account.back')}</Way>
      </Ways>
    </Page>
  )
}

function Looked({ looked: { typed, found } }: { looked: { typed: string; found: Sent | undefined } }) {
  const say = useSay()
  const why = useWhy()
  if (found === undefined) {
    return (
      <Notice tone="bad" title={say('messages.notOurs', { reference: `\u2066${typed}\u2069` })}>
        <p>{say('messages.notOursNext')}</p>
      </Notice>
    )
  }
  return (
    <Notice tone="good" title={say('messages.ours', { reference: `\u2066${found.reference}\u2069` })}>
      <p>{why(found)}</p>
      <Facts
        look="plain"
        facts={[
          { name: say('messages.to'), value: found.hint, ltr: true },
          { name: say('notMe.facts.when'), value: <Moment at={found.at} shape="moment" /> },
        ]}
      />
      <p>{say('messages.oursNext')}</p>
    </Notice>
  )
}

function SentRow({ sent, sender }: { sent: Sent; sender: string }) {
  const say = useSay()
  const why = useWhy()
  const begun = { first: say('messages.begun'), again: say('messages.again') }
  const last = sent.deliveries.at(-1)
  const channel = last?.channel === 'email' ? 'email' : 'phone'
  return (
    <StillRow
      title={
        <>
          {why(sent)} <Badge>{<bdi dir="ltr">{sent.reference}</bdi>}</Badge>
        </>
      }
      below={
        <>
          <bdi dir="ltr">{sent.hint}</bdi> · {say(`choose.${channel}`)}
          {last !== undefined && <> · {say(`messages.state.${last.state}`)}</>}
          <br />
          <Moment at={sent.at} shape="moment" />
        </>
      }
    >
      <details class="loose">
        <summary>{say('messages.story')}</summary>
        <Story
          steps={deliverySteps(sent.deliveries, say, sender, begun).filter(({ at }) => at !== undefined)}
        />
      </details>
    </StillRow>
  )
}

/** What a message was for, in a sentence. */
function useWhy(): (sent: Sent) => string {
  const { site } = useReader()
  const say = useSay()
  const operator = site.name
  return ({ why }) => {
    if ('notice' in why) {
      const { kind, item } = why.notice
      const title = say(`notice.${kind}.title`, { operator })
      return item === undefined ? title : `${title} · \u2068${item}\u2069`
    }
    return why.accountExists
      ? say('messages.accountExists')
      : say(`message.purpose.${why.code}`, { operator })
  }
}

import type { ActivityDetail, ActivityFilter } from '../../../core/activity/activity.ts'
import { inOrder } from '../../../core/proving/proof.ts'
import type {
  ActivityLine,
  ActivityPage as ActivityRead,
} from '../../../operations/activity/read-activity.ts'
import { Badge } from '../components/badge.tsx'
import { Empty } from '../components/empty.tsx'
import { Facts } from '../components/facts.tsx'
import { ButtonLink } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Page } from '../components/page.tsx'
import { useReader, useSay } from '../components/reader.tsx'
import { Rows, StillRow } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { PlaceWords, useBrowserWords, WhereLine } from '../components/where.tsx'
import { FormPage } from '../frame/form-page.tsx'

type Props = {
  name: string
  /** Address of the account, such as /account/h4ndle. */
  home: string
  page: ActivityRead
  filter: ActivityFilter | undefined
  /** Whether newer ones stand on a page before. */
  isLater: boolean
}

/** What happened to the account, newest first; whatever another browser did can be disowned. */
export function ActivityPage({ name, home, page, filter, isLater }: Props) {
  const say = useSay()
  const here = `${home}/activity`
  const filtered = filter === undefined ? here : `${here}?filter=${filter}`
  const older = `${here}?${filter === undefined ? '' : `filter=${filter}&`}before=${page.older}`
  return (
    <Page title={say('activity.title')} lead={say('activity.lead')} account={name}>
      <Filters here={here} filter={filter} />
      {page.lines.length === 0 ? (
        <Empty icon="info" title={say('activity.emptyTitle')}>
          <p>{say('activity.empty')}</p>
        </Empty>
      ) : (
        <div class="after">
          <Rows label={say('activity.list')}>
            {page.lines.map((line) => (
              <Line line={line} here={here} />
            ))}
          </Rows>
        </div>
      )}
      <Ways>
        {page.older !== undefined && <Way href={older}>{say('activity.older')}</Way>}
        {isLater && <Way href={filtered}>{say('activity.newest')}</Way>}
        <Way href={`${home}/sessions`}>{say('account.sessions')}</Way>
        <Way href={`${here}.csv`}>{say('activity.csv')}</Way>
        <Way href={`${here}.json`}>{say('activity.json')}</Way>
        <Way href={home}>{say('account.back')}</Way>
      </Ways>
    </Page>
  )
}

const filters = ['sign_ins', 'codes', 'changes'] as const satisfies ActivityFilter[]

function Filters({ here, filter }: { here: string; filter: ActivityFilter | undefined }) {
  const say = useSay()
  return (
    <nav class="row" aria-label={say('activity.filters')}>
      <ButtonLink
        href={here}
        look={filter === undefined ? 'main' : 'second'}
        small
        current={filter === undefined}
      >
        {say('activity.all')}
      </ButtonLink>{' '}
      {filters.map((one) => (
        <>
          <ButtonLink
            href={`${here}?filter=${one}`}
            look={filter === one ? 'main' : 'second'}
            small
            current={filter === one}
          >
            {say(`activity.${one}`)}
          </ButtonLink>{' '}
        </>
      ))}
    </nav>
  )
}

function Line({ line, here }: { line: ActivityLine; here: string }) {
  const say = useSay()
  const { detail } = line.newest
  return (
    <StillRow
      title={
        <>
          <Title line={line} /> <Badges line={line} />
        </>
      }
      below={
        <>
          <Why detail={detail} />
          {line.newest.kind !== 'phone_taken' && (
            <>
              <WhereLine where={line.where} many={detail.many === true} />
              <br />
            </>
          )}
          <When line={line} />
        </>
      }
    >
      {line.mayBeSomebodyElse && (
        <p>
          <ButtonLink href={`${here}/${line.newest.id}/not-me`} look="second" small>
            {say('activity.notMe')}
          </ButtonLink>
        </p>
      )}
    </StillRow>
  )
}

function Title({ line: { newest } }: { line: ActivityLine }) {
  const say = useSay()
  const { hint, itemKind } = newest.detail
  const about = hint === undefined ? itemKind && say(`choose.${itemKind}`) : `\u2066${hint}\u2069`
  return <>{say(`activity.kind.${newest.kind}`, { hint: about ?? '' })}</>
}

function Badges({ line }: { line: ActivityLine }) {
  const say = useSay()
  const { kind, detail } = line.newest
  return (
    <>
      {line.count > 1 && <Badge>{say('activity.times', { count: line.count })}</Badge>}{' '}
      {detail.newBrowser === true && !line.here && <Badge tone="warning">{say('activity.newBrowser')}</Badge>}{' '}
      {kind === 'code_asked' && (
        <Badge>{say(detail.usedAt === undefined ? 'activity.unused' : 'activity.used')}</Badge>
      )}{' '}
      {detail.notAskedAt !== undefined && <Badge tone="bad">{say('activity.reported')}</Badge>}{' '}
      {line.here && <Badge tone="info">{say('where.here')}</Badge>}
    </>
  )
}

/** What a code was for, what proved a sign-in, or why it was refused. */
function Why({ detail }: { detail: ActivityDetail }) {
  const { site } = useReader()
  const say = useSay()
  const words = whyOf()
  return words === undefined ? null : (
    <>
      {words}
      <br />
    </>
  )

  function whyOf(): string | undefined {
    if (detail.cause !== undefined) return say(`refusal.${detail.cause}.title`)
    if (detail.purpose !== undefined) return say(`message.purpose.${detail.purpose}`, { operator: site.name })
    if (detail.proofs === undefined) return undefined
    return `${say('activity.proved')}: ${inOrder(detail.proofs)
      .map((kind) => say(`proof.${kind}`))
      .join(' + ')}`
  }
}

function When({ line: { firstAt, lastAt, count } }: { line: ActivityLine }) {
  const say = useSay()
  if (count === 1 || lastAt - firstAt < 1000) return <Moment at={lastAt} shape="moment" />
  return (
    <>
      <Moment at={firstAt} shape="moment" /> · {say('activity.until')} <Moment at={lastAt} shape="moment" />
    </>
  )
}

/** "This wasn't me": what it does, before it is done. */
export function NotMePage({
  name,
  home,
  form,
  line,
}: {
  name: string
  home: string
  form: string
  line: ActivityLine
}) {
  const say = useSay()
  const browserWords = useBrowserWords()
  const { where } = line
  return (
    <FormPage
      title={say('notMe.title')}
      lead={say('notMe.lead')}
      account={name}
      action={`${home}/activity/${line.newest.id}/not-me`}
      hidden={{ form }}
      button={say('notMe.send')}
      ways={<Way href={`${home}/activity`}>{say('notMe.wasMe')}</Way>}
    >
      <Facts
        facts={[
          { name: say('notMe.what'), value: <Title line={line} />, ours: true },
          { name: say('notMe.facts.when'), value: <When line={line} /> },
          { name: say('notMe.facts.browser'), value: browserWords(where), ours: true },
          ...(where.ip === undefined
            ? []
            : [
                { name: say('notMe.facts.where'), value: <PlaceWords where={where} />, ours: true as const },
                { name: say('notMe.facts.address'), value: where.ip, ltr: true as const },
              ]),
        ]}
      />
      <p class="after">{say('notMe.then')}</p>
    </FormPage>
  )
}

import type { Safety } from '../../../core/security-info/safety.ts'
import type { Instant } from '../../../core/time.ts'
import type { Security, ShownItem } from '../../../operations/security-info/read-security.ts'
import { ChangeRows, FrozenNotice } from '../changes/change-pages.tsx'
import { Badge } from '../components/badge.tsx'
import { Actions, ButtonLink } from '../components/form.tsx'
import { Moment } from '../components/moment.tsx'
import { Notice } from '../components/notice.tsx'
import { Page } from '../components/page.tsx'
import { useSay } from '../components/reader.tsx'
import { Row, Rows } from '../components/rows.tsx'
import { Way, Ways } from '../components/ways.tsx'
import { ItemTitle } from './item-pages.tsx'
import { Additions } from './two-step-pages.tsx'

/** What has just been done, told at the top of the page that one comes back to. */
export const doneWords = [
  'added',
  'confirmed',
  'removed',
  'password',
  'totp',
  'passkey',
  'renamed',
  'frozen',
  'undone',
  'announced',
  'kept',
] as const
export type Done = (typeof doneWords)[number]

type Of = { handle: string; name: string }

/** All the ways in which an account can prove whose it is, how safe they make it, and what would make it safer. */
export function SecurityPage({
  security,
  done,
  handle,
  name,
}: Of & { security: Security; done: Done | undefined }) {
  const say = useSay()
  const here = `/account/${handle}/security`
  const { held } = security
  const frozen = held.at(-1)
  return (
    <Page title={say('security.title')} account={name}>
      {done !== undefined && (
        <Notice tone="good">
          <p>{say(`security.done.${done}`)}</p>
        </Notice>
      )}
      {frozen === undefined ? (
        <SafetyNotice safety={security.safety} here={here} />
      ) : (
        <FrozenNotice held={held} href={`${here}/changes/${frozen.id}`} />
      )}
      <h2>{say('account.securityInfo')}</h2>
      <p class="quiet">{say('account.securityInfoLead')}</p>
      <Rows label={say('account.securityInfo')}>
        {security.items.map((item) => (
          <ItemRow item={item} href={`${here}/items/${item.id}`} />
        ))}
      </Rows>
      {frozen === undefined && <AddMore home={`/account/${handle}`} />}
      {security.changes.length > 0 && (
        <>
          <h2>{say('change.list')}</h2>
          <p class="quiet">{say('change.listLead')}</p>
          <ChangeRows changes={security.changes} here={here} />
        </>
      )}
      <h2>{say('security.more')}</h2>
      <Ways>
        <Way href={`${here}/two-step`} aside={say(security.twoStepAt ? 'twoStep.on' : 'twoStep.off')}>
          {say('twoStep.title')}
        </Way>
        <Way href={`/account/${handle}/trusted-browsers`}>{say('trusted.title')}</Way>
        <Way
          href={`/account/${handle}/password`}
          aside={security.passwordSetAt !== undefined && <Moment at={security.passwordSetAt} shape="day" />}
        >
          {say('account.password')}
        </Way>
        <Way href={`/account/${handle}/sessions`}>{say('account.sessions')}</Way>
        <Way href={`/account/${handle}/activity`}>{say('account.activity')}</Way>
        <Way href={`/account/${handle}`}>{say('account.back')}</Way>
      </Ways>
    </Page>
  )
}

/** Whatever may be added; nothing may while the account is held still. */
function AddMore({ home }: { home: string }) {
  const say = useSay()
  return (
    <>
      <div class="after">
        <Actions>
          <ButtonLink href={`${home}/security/add`}>{say('security.add')}</ButtonLink>
        </Actions>
      </div>
      <Ways>
        <Additions home={home} />
        <Way href={`${home}/security/recovery-code`}>{say('setUp.recoveryTitle')}</Way>
      </Ways>
    </>
  )
}

const tones = { weak: 'warning', fair: 'info', good: 'good' } as const

/** One sentence on how safe the account is and what would make it safer, and the checkup that leads through it. */
function SafetyNotice({ safety, here }: { safety: Safety; here: string }) {
  const say = useSay()
  const next = safety.weaknesses[0]
  return (
    <Notice tone={tones[safety.level]} title={say(`security.safety.${safety.level}`)}>
      <p>
        {say(next === undefined ? 'security.safety.nothing' : `security.weakness.${next}`)}{' '}
        <a href={`${here}/checkup`}>{say(next === undefined ? 'checkup.see' : 'checkup.begin')}</a>
      </p>
    </Notice>
  )
}

function ItemRow({ item, href }: { item: ShownItem; href: string }) {
  const say = useSay()
  return (
    <Row
      href={href}
      title={<ItemTitle item={item} />}
      aside={<ItemBadge item={item} />}
      below={
        <>
          {say(`security.kind.${item.kind}`)} · {say('security.dayAdded')}{' '}
          <Moment at={item.addedAt} shape="day" />
          <br />
          <Proved at={item.provenAt} /> · <Used at={item.lastUsedAt} />
          {item.probationUntil !== undefined && (
            <>
              <br />
              {say('security.counts')} <Moment at={item.probationUntil} shape="day" />
            </>
          )}
        </>
      }
      wraps
    />
  )
}

function ItemBadge({ item }: { item: ShownItem }) {
  const say = useSay()
  if (item.frozen) return <Badge tone="warning">{say('security.frozen')}</Badge>
  if (item.provenAt === undefined) return <Badge tone="warning">{say('security.unproved')}</Badge>
  if (item.stale) return <Badge tone="warning">{say('security.stale')}</Badge>
  return item.probationUntil === undefined ? null : <Badge tone="info">{say('security.new')}</Badge>
}

function Proved({ at }: { at: Instant | undefined }) {
  const say = useSay()
  if (at === undefined) return <>{say('account.neverProved')}</>
  return (
    <>
      {say('account.proved')} <Moment at={at} shape="day" />
    </>
  )
}

function Used({ at }: { at: Instant | undefined }) {
  const say = useSay()
  if (at === undefined) return <>{say('security.notUsed')}</>
  return (
    <>
      {say('security.dayUsed')} <Moment at={at} shape="day" />
    </>
  )
}

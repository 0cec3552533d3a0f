import type { ActivityKind } from '../../core/activity/activity.ts'
import { hintOf, parseEmail, parsePhone } from '../../core/address.ts'
import type { NoticeDetail } from '../../core/changes/change.ts'
import type { Instant } from '../../core/time.ts'
import type { Purpose } from '../../core/verifications/message.ts'
import { canonicalReference } from '../../core/verifications/message-reference.ts'
import { readActivity } from '../../storage/activity.ts'
import { type Delivery, eventsOf } from '../../storage/message.ts'
import {
  type CodeKey,
  codesSent,
  noticesSent,
  type SentCode,
  type SentMessage,
  type SentNotice,
} from '../../storage/sent-message.ts'
import type { Deps } from '../deps.ts'

/** Something that was sent to one of the account's contacts: once, or several times where it was asked for again. */
export type Sent = {
  /** The cursor of its page: the id of what it belongs to, in order of time. */
  id: string
  at: Instant
  why: { code: Purpose; accountExists: boolean } | { notice: NoticeDetail }
  hint: string
  reference: string
  deliveries: Delivery[]
}

export type MessagesPage = { sent: Sent[]; older: string | undefined }

const perPage = 20
/** The activities that come with a message. */
const withMessages: readonly ActivityKind[] = ['code_asked', 'sign_up_tried', 'account_created']

/** What was sent to the account's contacts, newest first, for as long as messages are kept. */
export async function readMessages(
  deps: Deps,
  accountId: string,
  before: string | undefined,
  now: Instant,
): Promise<MessagesPage> {
  const [codes, notices] = await Promise.all([
    askedCodes(deps, accountId, { before, most: perPage + 1 }, now),
    noticesSent(deps.database.sql, accountId, { before, most: perPage + 1 }),
  ])
  const newest = [...codes.map((one) => one.id), ...notices.map((one) => one.id)].sort().reverse()
  const shown = new Set(newest.slice(0, perPage))
  const sent = await told(
    deps,
    codes.filter(({ id }) => shown.has(id)),
    notices.filter(({ id }) => shown.has(id)),
  )
  return { sent, older: newest.length > perPage ? newest[perPage - 1] : undefined }
}

/**
 * Whether a message with this reference was sent to one of the account's contacts.
 *
 * @returns undefined where none was, or none that is still kept
 */
export async function findMessage(
  deps: Deps,
  accountId: string,
  typed: string,
  now: Instant,
): Promise<Sent | undefined> {
  const reference = canonicalReference(typed)
  if (reference === undefined) return undefined
  const { sql } = deps.database
  const notices = await noticesSent(sql, accountId, { before: undefined, most: 1, reference })
  const [notice] = await told(deps, [], notices)
  if (notice !== undefined) return notice
  let before: string | undefined
  for (;;) {
    const codes = await askedCodes(deps, accountId, { before, most: perLook }, now)
    const found = (await told(deps, codes, [])).find(
      (sent) => canonicalReference(sent.reference) === reference,
    )
    if (found !== undefined || codes.length < perLook) return found
    before = codes.at(-1)?.id
  }
}

const perLook = 200

type AskedCode = CodeKey & { id: string }

async function askedCodes(
  deps: Deps,
  accountId: string,
  wanted: { before: string | undefined; most: number },
  now: Instant,
): Promise<AskedCode[]> {
  const rows = await readActivity(deps.database.sql, accountId, { kinds: withMessages, ...wanted })
  const keptSince = now - deps.policy.retention.verifications
  return rows.flatMap(({ id, at, verificationId, detail }) =>
    at < keptSince || verificationId === undefined || detail.flow === undefined
      ? []
      : [{ id, subject: detail.flow, verificationId }],
  )
}

/** Reads the messages themselves, and what became of each. What is not kept any more is left out. */
async function told(
  deps: Deps,
  codes: readonly AskedCode[],
  notices: readonly SentNotice[],
): Promise<Sent[]> {
  const { sql } = deps.database
  const messages = codes.length === 0 ? [] : await codesSent(sql, codes)
  const all: SentMessage[] = [...messages, ...notices]
  const events = all.length === 0 ? [] : await eventsOf(sql, all)
  const deliveryOf = (message: SentMessage): Delivery => ({
    id: message.id,
    channel: message.channel,
    state: message.state,
    queuedAt: message.at,
    nextTryAt: undefined,
    events: events.filter(({ messageId }) => messageId === message.id).map(({ event }) => event),
  })
  const ofCodes = codes.flatMap(({ id, verificationId }) => {
    const own = messages.filter((message) => message.verificationId === verificationId)
    return own[0] === undefined ? [] : [{ ...codeSent(id, own[0]), deliveries: own.map(deliveryOf) }]
  })
  const ofNotices = notices.map((notice) => ({
    id: notice.id,
    why: { notice: notice.told },
    ...wordsOf(notice),
    deliveries: [deliveryOf(notice)],
  }))
  return [...ofCodes, ...ofNotices].sort((a, b) => (a.id < b.id ? 1 : -1))
}

const codeSent = (id: string, first: SentCode) => ({
  id,
  why: { code: first.purpose, accountExists: first.kind === 'account_exists' },
  ...wordsOf(first),
})

const wordsOf = ({ at, destination, reference }: SentMessage) => ({
  at,
  hint: hintOfDestination(destination),
  reference,
})

function hintOfDestination(destination: string): string {
  const email = parseEmail(destination)
  if (email.ok) return hintOf({ kind: 'email', email: email.value })
  const phone = parsePhone(destination)
  return phone.ok ? hintOf({ kind: 'phone', ...phone.value }) : ''
}

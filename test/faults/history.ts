import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts'

/** One mail as the mail server took it. */
export type TakenMail = { messageId: string; code: string; at: number }

/** One typed code and what came of it; `unknown` where no answer came or the service said 503. */
export type Try = {
  right: boolean
  startedAt: number
  endedAt: number
  outcome: 'approved' | 'code_wrong' | 'unknown' | (string & {})
  attemptsLeft: number | undefined
}

/** All that happened to one address, which is used for one verification only. */
export type Story = {
  email: string
  /** Known once a 201 said so. */
  id: string | undefined
  expiresAt: number
  /** Requests that asked for a mail: the first, resends that were accepted, and those nobody knows of. */
  sendsAsked: number
  sendsAccepted: number
  mails: TakenMail[]
  tries: Try[]
}

export type History = { stories: Map<string, Story>; sink: SmtpSink }

/** Opens a mail server that writes down each mail in the story of its address. `onMail` hears of the first. */
export async function openHistory(onMail: (story: Story) => void): Promise<History> {
  const stories = new Map<string, Story>()
  const sink = await openSmtpSink({
    onContent({ to, raw }) {
      const story = stories.get(to[0] ?? '')
      if (story === undefined) throw new Error(`Nobody asked for a mail to ${to[0]}`)
      story.mails.push({ messageId: messageIdOf(raw), code: codeOf(raw), at: Date.now() })
      if (story.mails.length === 1) onMail(story)
    },
  })
  return { stories, sink }
}

export function newStory(email: string): Story {
  return { email, id: undefined, expiresAt: Infinity, sendsAsked: 0, sendsAccepted: 0, mails: [], tries: [] }
}

const messageIdOf = (raw: string): string => /^Message-ID: <(.+)>/im.exec(raw)?.[1] ?? 'none'

/** The code stands alone on its line of the plain text. */
export const codeOf = (raw: string): string =>
  (/^ {4}(\d{3} \d{3}|\d{4} \d{4})\r?$/m.exec(raw)?.[1] ?? 'none').replace(' ', '')

/** What a verification says of itself at the end. */
export type Final = { story: Story; status: number; body: Record<string, unknown> }

/**
 * Every way in which what happened breaks a promise (DESIGN: P1–P5), each as a sentence.
 *
 * @param finals every verification that was acknowledged, as it reads at the end
 */
export function brokenPromises(stories: Iterable<Story>, finals: readonly Final[]): string[] {
  return [...finals.flatMap(brokenInFinal), ...[...stories].flatMap(brokenInStory)]
}

function brokenInFinal({ story, status, body }: Final): string[] {
  const { id, email, mails, tries } = story
  if (status !== 200) return [`${id} was acknowledged and is lost: ${status}`]
  const broken: string[] = []
  if ((body.to as { email: string }).email !== email) broken.push(`${id} belongs to another address`)
  if (mails.length === 0 && !failureIsVisible(body))
    broken.push(`${id} was neither mailed nor is its failure visible`)
  const approvals = tries.filter((t) => t.outcome === 'approved').length
  if (approvals > 1) broken.push(`${id} was approved ${approvals} times`)
  if (approvals === 1 && body.status !== 'approved')
    broken.push(`${id} was approved and reads ${body.status} now`)
  if (body.status === 'approved' && !tries.some((t) => t.right)) broken.push(`${id} was approved by nobody`)
  const least = Math.min(...tries.map((t) => t.attemptsLeft ?? Infinity))
  if ((body.attempts_left as number) > least)
    broken.push(`${id} had ${least} tries left and has ${body.attempts_left} again`)
  const counted = tries.filter((t) =>
    ['approved', 'code_wrong', 'code_tries_spent'].includes(t.outcome),
  ).length
  const spent = 5 - (body.attempts_left as number)
  if (spent > tries.length) broken.push(`${id} spent ${spent} tries of ${tries.length} made`)
  if (spent < Math.min(counted, 5)) broken.push(`${id} counted ${spent} tries of ${counted} answered`)
  return broken
}

function failureIsVisible(body: Record<string, unknown>): boolean {
  const deliveries = body.deliveries as { status: string; events: { kind: string }[] }[]
  return deliveries.length > 0 && deliveries.every((d) => d.status !== 'queued' && d.events.length > 0)
}

function brokenInStory(story: Story): string[] {
  const { email, mails, tries } = story
  const broken: string[] = []
  const codes = new Set(mails.map((m) => m.code))
  if (codes.size > 1) broken.push(`${email} got different codes`)
  if (codes.has('none')) broken.push(`${email} got a mail without a code`)
  const messages = new Set(mails.map((m) => m.messageId)).size
  if (messages > story.sendsAsked)
    broken.push(`${email} got ${messages} messages for ${story.sendsAsked} requests`)
  if (mails.some((m) => m.at >= story.expiresAt)) broken.push(`${email} got a mail after its code expired`)
  if (tries.some((t) => !t.right && t.outcome === 'approved'))
    broken.push(`${email}: a wrong code was approved`)
  return [...broken, ...triesThatWentBack(story)]
}

/** A try that began after another had been answered must find fewer tries left than that one was told. */
function triesThatWentBack({ email, tries }: Story): string[] {
  return tries.flatMap((later) =>
    tries
      .filter((earlier) => earlier.endedAt < later.startedAt)
      .filter((earlier) => (later.attemptsLeft ?? -1) >= (earlier.attemptsLeft ?? Infinity))
      .map((earlier) => `${email}: ${earlier.attemptsLeft} tries left, then ${later.attemptsLeft}`),
  )
}

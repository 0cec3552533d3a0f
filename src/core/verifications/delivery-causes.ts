import type { DeliveryCause } from './delivery.ts'

/** The step of an SMTP conversation that went wrong. */
export type SmtpStep = 'connect' | 'login' | 'sender' | 'recipient' | 'content'

/** What went wrong in one try: the other server's answer, or the fault that kept us from getting one. */
export type SmtpFault =
  | { kind: 'reply'; step: SmtpStep; code: number; status?: string; text?: string }
  | { kind: 'network'; code: string }

export type Explanation = { result: 'deferred' | 'refused'; cause: DeliveryCause }

/**
 * Says why a try failed and whether another try of the same message makes sense.
 *
 * An answer of 5yz to the message itself (sender, recipient, content) is final (RFC 5321 §4.2.1). The same answer to
 * the greeting or the login speaks about us, not about this message: an operator may mend it within minutes.
 */
export function explainSmtpFault(fault: SmtpFault): Explanation {
  if (fault.kind === 'network') return { result: 'deferred', cause: causeOfNetworkFault(fault.code) }
  const aboutMessage = fault.step !== 'connect' && fault.step !== 'login'
  const permanent = fault.code >= 500 && aboutMessage
  return { result: permanent ? 'refused' : 'deferred', cause: causeOfReply(fault) }
}

/** Finds the enhanced status code (RFC 3463) that opens an SMTP answer, such as `5.1.1`. */
export function enhancedStatusOf(response: string): string | undefined {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(response)?.[1]
}

type Reply = Extract<SmtpFault, { kind: 'reply' }>

function causeOfReply(reply: Reply): DeliveryCause {
  if (reply.step === 'login') return 'authentication_failed'
  const detail = reply.status?.slice(2)
  const told = causeOfDetail.get(detail ?? '')
  // A server that asks for a login says so with many statuses (Gmail: 530 5.5.1): the reply code is what counts.
  if (reply.code === 530 || reply.code === 535) return told === 'tls_failed' ? told : 'authentication_failed'
  // At the greeting or EHLO no reader is known yet: the server means us, and only our operator can mend it.
  if (reply.step === 'connect') {
    if (told === 'tls_failed') return told
    return reply.code >= 500 ? 'provider_misconfigured' : 'provider_unavailable'
  }
  const heard = causeOfText(reply) ?? (reply.status === '4.7.1' ? 'greylisted' : told)
  const cause = heard ?? causeOfCode.get(reply.code)
  const blamesAddress = cause === 'address_unknown' || cause === 'domain_unknown'
  // The address given at this step is ours.
  if (reply.step === 'sender' && (blamesAddress || cause === undefined) && reply.code >= 500) {
    return 'provider_misconfigured'
  }
  // The recipient was taken already: a bare 550 now is about the content.
  if (reply.step === 'content' && blamesAddress && heard === undefined) return 'rejected'
  return cause ?? causeOfSubject(reply, detail)
}

/** Where no detail is known, the subject (second number) of the status still tells what it is about. */
function causeOfSubject(reply: Reply, detail: string | undefined): DeliveryCause {
  const permanent = reply.code >= 500
  switch (detail?.split('.')[0]) {
    case '1':
      return 'address_unknown'
    case '2':
      return permanent ? 'mailbox_disabled' : 'provider_unavailable'
    case '3':
      return permanent ? 'rejected' : 'provider_unavailable'
    case '4':
      return 'connection_failed'
    case '7':
      return 'refused_by_policy'
    default:
      return permanent ? 'rejected' : 'provider_unavailable'
  }
}

/**
 * RFC 3463 §3 with the later registrations (RFC 5248, 6710, 7293, 7372, 7505, 8689), as `subject.detail`: the class
 * only says whether to try again. Left out where the detail says too little (`0.0`, `2.0`, `3.0`, `5.0`, `6.0`).
 */
const causeOfDetail: ReadonlyMap<string, DeliveryCause> = new Map([
  ['1.0', 'address_unknown'],
  ['1.1', 'address_unknown'],
  ['1.2', 'domain_unknown'],
  ['1.3', 'address_unknown'],
  ['1.4', 'address_unknown'],
  ['1.6', 'address_unknown'],
  ['1.7', 'provider_misconfigured'],
  ['1.8', 'provider_misconfigured'],
  ['1.9', 'rejected'],
  ['1.10', 'domain_unknown'],
  ['2.1', 'mailbox_disabled'],
  ['2.2', 'mailbox_full'],
  ['2.3', 'message_too_large'],
  ['2.4', 'rejected'],
  ['3.1', 'provider_unavailable'],
  ['3.2', 'provider_unavailable'],
  ['3.3', 'rejected'],
  ['3.4', 'message_too_large'],
  ['3.5', 'provider_misconfigured'],
  ['4.1', 'connection_failed'],
  ['4.2', 'connection_failed'],
  ['4.3', 'provider_unavailable'],
  ['4.4', 'domain_unknown'],
  ['4.5', 'provider_unavailable'],
  ['4.6', 'provider_misconfigured'],
  ['4.7', 'connection_failed'],
  ['5.3', 'rate_limited'],
  ['7.0', 'refused_by_policy'],
  ['7.1', 'refused_by_policy'],
  ['7.2', 'refused_by_policy'],
  ['7.4', 'tls_failed'],
  ['7.5', 'tls_failed'],
  ['7.8', 'authentication_failed'],
  ['7.9', 'authentication_failed'],
  ['7.10', 'tls_failed'],
  ['7.11', 'tls_failed'],
  ['7.12', 'authentication_failed'],
  ['7.13', 'authentication_failed'],
  ['7.14', 'authentication_failed'],
  ['7.16', 'message_too_large'],
  ['7.17', 'address_unknown'],
  ['7.18', 'address_unknown'],
  ['7.20', 'provider_misconfigured'],
  ['7.21', 'provider_misconfigured'],
  ['7.22', 'provider_misconfigured'],
  ['7.23', 'provider_misconfigured'],
  ['7.24', 'provider_misconfigured'],
  ['7.25', 'provider_misconfigured'],
  ['7.26', 'provider_misconfigured'],
  ['7.27', 'provider_misconfigured'],
  ['7.28', 'rate_limited'],
  ['7.30', 'tls_failed'],
])

/** RFC 5321 §4.2.3 and RFC 7504, for servers that send no enhanced status. */
const causeOfCode: ReadonlyMap<number, DeliveryCause> = new Map([
  [421, 'provider_unavailable'],
  [450, 'provider_unavailable'],
  [451, 'provider_unavailable'],
  [452, 'provider_unavailable'],
  [521, 'domain_unknown'],
  [550, 'address_unknown'],
  [551, 'address_unknown'],
  [552, 'mailbox_full'],
  [553, 'address_unknown'],
  [556, 'domain_unknown'],
])

/** What large providers say only in words, under statuses as vague as 5.7.1 or 4.2.0. Only used with those. */
const spoken: readonly (readonly [RegExp, DeliveryCause])[] = [
  [/gr[ea]y[- ]?list/i, 'greylisted'],
  [
    /relay(ing)? (access )?(is )?(denied|not permitted|not allowed)|unable to relay|send ?as (denied|this sender)|(helo command|client host) rejected/i,
    'provider_misconfigured',
  ],
  [/too many|rate[- ]?limit|throttl|unusual rate|at a rate|exceeded .{0,40}(rate|messages)/i, 'rate_limited'],
  [/mailbox.{0,20}full|over ?quota|quota exceeded|out of storage/i, 'mailbox_full'],
  [
    /spam|blocklist|blacklist|block list|poor reputation|low reputation|spamhaus|unsolicited/i,
    'refused_as_spam',
  ],
  [/(mailbox|account|user).{0,30}(disabled|inactive|suspended)/i, 'mailbox_disabled'],
  [/no such (user|mailbox)|user unknown|unknown user|does not exist/i, 'address_unknown'],
]

function causeOfText(reply: Reply): DeliveryCause | undefined {
  const vague = reply.status === undefined || /^(4\.2\.1|[245]\.(\d+\.0|5\.2|7\.1))$/.test(reply.status)
  if (!vague || !reply.text) return undefined
  const text = reply.text.slice(0, 1000)
  return spoken.find(([words]) => words.test(text))?.[1]
}

function causeOfNetworkFault(code: string): DeliveryCause {
  if (
    /^(ETLS|EREQUIRETLS|EPROTO$|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(
      code,
    )
  ) {
    return 'tls_failed'
  }
  return causeOfNetworkCode.get(code) ?? 'connection_failed'
}

const causeOfNetworkCode: ReadonlyMap<string, DeliveryCause> = new Map([
  ['EAUTH', 'authentication_failed'],
  ['ENOAUTH', 'authentication_failed'],
  ['ECONFIG', 'provider_misconfigured'],
  ['ECONNREFUSED', 'provider_unavailable'],
  ['EPROTOCOL', 'provider_unavailable'],
  // The operator's own mail server has no address: a typing mistake in its name far more often than a passing fault.
  ['ENOTFOUND', 'provider_misconfigured'],
])

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryCauses } from './delivery.ts'
import { enhancedStatusOf, explainSmtpFault, type SmtpFault, type SmtpStep } from './delivery-causes.ts'

/** As real servers wrote it: the step, the whole answer, and what we make of it. */
const answers: [SmtpStep, string, string][] = [
  [
    'recipient',
    '550 5.1.1 The email account that you tried to reach does not exist',
    'refused address_unknown',
  ],
  ['recipient', '550 5.1.10 RESOLVER.ADR.RecipientNotFound; null MX', 'refused domain_unknown'],
  ['recipient', '550 5.1.2 Host unknown', 'refused domain_unknown'],
  ['recipient', '550 5.1.0 Address rejected', 'refused address_unknown'],
  ['recipient', '551 5.1.6 User has moved', 'refused address_unknown'],
  [
    'recipient',
    '550 5.2.1 The email account that you tried to reach is disabled',
    'refused mailbox_disabled',
  ],
  ['recipient', '450 4.2.1 receiving mail at a rate that prevents', 'deferred rate_limited'],
  ['recipient', '552 5.2.2 mailbox is over quota', 'refused mailbox_full'],
  ['recipient', '452 4.2.2 mailbox full', 'deferred mailbox_full'],
  ['content', '552 5.2.3 too long', 'refused message_too_large'],
  ['sender', '552 5.3.4 message size exceeds fixed limit', 'refused message_too_large'],
  ['content', '452 4.3.1 Insufficient system storage', 'deferred provider_unavailable'],
  ['recipient', '451 4.3.0 temporary lookup failure', 'deferred provider_unavailable'],
  ['recipient', '450 4.4.3 directory server failure', 'deferred provider_unavailable'],
  ['recipient', '550 5.4.4 unable to route', 'refused domain_unknown'],
  ['recipient', '550 5.4.6 routing loop', 'refused provider_misconfigured'],
  ['recipient', '451 4.4.1 no answer from host', 'deferred connection_failed'],
  ['recipient', '451 4.7.1 try again later', 'deferred greylisted'],
  ['recipient', '450 4.2.0 <a@b.test>: Recipient address rejected: Greylisted', 'deferred greylisted'],
  ['recipient', '450 Greylisting in action', 'deferred greylisted'],
  ['content', '421 4.7.28 unusual rate of mail', 'deferred rate_limited'],
  ['content', '421 4.7.0 Too many messages from your address', 'deferred rate_limited'],
  ['recipient', '452 4.5.3 too many recipients', 'deferred rate_limited'],
  ['content', '550 5.7.1 Message detected as spam', 'refused refused_as_spam'],
  [
    'recipient',
    '554 5.7.1 Service unavailable; client host blocked using Spamhaus',
    'refused refused_as_spam',
  ],
  ['content', '550 5.7.1 not allowed here', 'refused refused_by_policy'],
  ['recipient', '554 5.7.1 <a@b.test>: Relay access denied', 'refused provider_misconfigured'],
  ['content', '550 5.7.26 unauthenticated mail is not accepted', 'refused provider_misconfigured'],
  ['sender', '553 5.1.8 sender domain does not exist', 'refused provider_misconfigured'],
  ['sender', '550 5.7.60 cannot send as this sender', 'refused provider_misconfigured'],
  ['sender', '530 5.5.1 Authentication Required', 'refused authentication_failed'],
  ['sender', '530 5.7.10 Must issue a STARTTLS command first', 'refused tls_failed'],
  ['sender', '550 5.1.0 sender rejected', 'refused provider_misconfigured'],
  ['sender', '550 no', 'refused provider_misconfigured'],
  ['content', '550 5.1.1 gone after all', 'refused address_unknown'],
  ['content', '550 user unknown', 'refused address_unknown'],
  ['login', '535 5.7.8 wrong password', 'deferred authentication_failed'],
  ['login', '454 4.7.0 temporary failure', 'deferred authentication_failed'],
  ['connect', '554 5.7.1 go away', 'deferred provider_misconfigured'],
  ['connect', '554 5.7.1 client host blocked using Spamhaus', 'deferred provider_misconfigured'],
  ['connect', '550 not on our allow list', 'deferred provider_misconfigured'],
  [
    'connect',
    '504 5.5.2 <app>: Helo command rejected: need fully-qualified name',
    'deferred provider_misconfigured',
  ],
  ['connect', '421 too busy', 'deferred provider_unavailable'],
  ['connect', '421 4.7.0 Too many connections from your address', 'deferred provider_unavailable'],
  ['connect', '450 4.7.1 Greylisting in action', 'deferred provider_unavailable'],
  ['connect', '530 5.7.0 Authentication required', 'deferred authentication_failed'],
  ['connect', '530 5.7.10 Must issue a STARTTLS command first', 'deferred tls_failed'],
  // Postfix waits with these until RCPT (smtpd_delay_reject), and they speak of us all the same.
  [
    'recipient',
    '504 5.5.2 <app>: Helo command rejected: need fully-qualified hostname',
    'refused provider_misconfigured',
  ],
  [
    'recipient',
    '554 5.7.1 <host[192.0.2.7]>: Client host rejected: Access denied',
    'refused provider_misconfigured',
  ],
  ['recipient', '550 no such user', 'refused address_unknown'],
  ['recipient', '550 nope', 'refused address_unknown'],
  ['recipient', '552 nope', 'refused mailbox_full'],
  ['recipient', '556 nope', 'refused domain_unknown'],
  ['content', '550 nope', 'refused rejected'],
  ['content', '554 nope', 'refused rejected'],
  ['recipient', '450 nope', 'deferred provider_unavailable'],
]

test.each(answers)('at the %s step, "%s" means: %s', (step, text, meaning) => {
  const status = enhancedStatusOf(text)
  const fault = { kind: 'reply', step, code: Number(text.slice(0, 3)), text } as const
  const { result, cause } = explainSmtpFault(status === undefined ? fault : { ...fault, status })
  expect(`${result} ${cause}`).toBe(meaning)
})

test.each([
  ['ECONNREFUSED', 'provider_unavailable'],
  ['ENOTFOUND', 'provider_misconfigured'],
  ['EAI_AGAIN', 'connection_failed'],
  ['ETIMEDOUT', 'connection_failed'],
  ['ECONNRESET', 'connection_failed'],
  ['EABORT', 'connection_failed'],
  ['CERT_HAS_EXPIRED', 'tls_failed'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_failed'],
  ['EPROTO', 'tls_failed'],
  ['EPROTOCOL', 'provider_unavailable'],
  ['ETLS', 'tls_failed'],
  ['EAUTH', 'authentication_failed'],
])('the network fault %s is tried again as %s', (code, cause) => {
  expect(explainSmtpFault({ kind: 'network', code })).toEqual({ result: 'deferred', cause })
})

test.each([
  ['550 5.1.1 unknown', '5.1.1'],
  ['550-5.7.26 first\n550 5.7.26 second', '5.7.26'],
  ['250 2.0.0', '2.0.0'],
  ['550 5.1', undefined],
  ['550 10.0.0.1 blocked', undefined],
  ['550 see 5.1.1', undefined],
])('the enhanced status of "%s" is %s', (response, status) => {
  expect(enhancedStatusOf(response)).toBe(status)
})

const faults: fc.Arbitrary<SmtpFault> = fc.oneof(
  fc.record({ kind: fc.constant('network' as const), code: fc.string() }),
  fc.record(
    {
      kind: fc.constant('reply' as const),
      step: fc.constantFrom<SmtpStep>('connect', 'login', 'sender', 'recipient', 'content'),
      code: fc.oneof(fc.integer({ min: 400, max: 599 }), fc.integer()),
      status: fc.oneof(fc.stringMatching(/^[45]\.\d{1,3}\.\d{1,3}$/), fc.string()),
      text: fc.string(),
    },
    { requiredKeys: ['kind', 'step', 'code'] },
  ),
)

test('whatever a server or a network does, it has a known cause', () => {
  fc.assert(
    fc.property(faults, (fault) => {
      expect(deliveryCauses).toContain(explainSmtpFault(fault).cause)
    }),
  )
})

test('what a server says before it hears of the message is for its operator and ours to mend', () => {
  fc.assert(
    fc.property(faults, (fault) => {
      if (fault.kind === 'network' || (fault.step !== 'connect' && fault.step !== 'login')) return
      expect([
        'provider_unavailable',
        'provider_misconfigured',
        'authentication_failed',
        'tls_failed',
      ]).toContain(explainSmtpFault(fault).cause)
    }),
  )
})

test('a 5yz answer to the message itself is never tried again; a 4yz answer and a network fault always are', () => {
  fc.assert(
    fc.property(faults, (fault) => {
      const { result } = explainSmtpFault(fault)
      const final = fault.kind === 'reply' && fault.code >= 500 && !['connect', 'login'].includes(fault.step)
      expect(result).toBe(final ? 'refused' : 'deferred')
    }),
  )
})

import type { NodemailerError } from 'nodemailer'
import type { SendOutcome } from '../core/verifications/delivery.ts'
import {
  enhancedStatusOf,
  explainSmtpFault,
  type SmtpFault,
  type SmtpStep,
} from '../core/verifications/delivery-causes.ts'
import { safeResponse } from './safe-response.ts'

type Try = {
  server: string
  mail: { subject: string; text: string }
  /** Whether the whole message was handed over: without an answer nobody knows then what became of it. */
  isComplete: boolean
}

/** What a failed try comes to, from the error that nodemailer made of the server's answer or of a broken connection. */
export function outcomeOfFault(error: NodemailerError, { server, mail, isComplete }: Try): SendOutcome {
  const fault = faultOf(error)
  if (isComplete && fault.kind === 'network') {
    return { result: 'unknown', cause: 'no_answer', by: server, status: fault.code }
  }
  const { result, cause } = explainSmtpFault(fault)
  if (fault.kind === 'network') return { result, cause, by: server, status: fault.code }
  return {
    result,
    cause,
    by: server,
    status: fault.status ?? String(fault.code),
    ...(fault.text === undefined ? {} : { response: safeResponse(fault.text, mail) }),
  }
}

function faultOf(error: NodemailerError): SmtpFault {
  const response = error.response
  // A refused STARTTLS is an answer too, but what went wrong is that no safe connection came about.
  if (error.code === 'ETLS' || error.responseCode === undefined || typeof response !== 'string') {
    return { kind: 'network', code: error.originalCode ?? error.code ?? 'UNKNOWN' }
  }
  const status = enhancedStatusOf(response)
  return {
    kind: 'reply',
    step: stepOf(error),
    code: error.responseCode,
    ...(status === undefined ? {} : { status }),
    text: response,
  }
}

function stepOf(error: NodemailerError): SmtpStep {
  if (error.code === 'EAUTH') return 'login'
  switch (error.command) {
    case 'MAIL FROM':
      return 'sender'
    case 'RCPT TO':
      return 'recipient'
    case 'DATA':
      return 'content'
    default:
      return 'connect'
  }
}

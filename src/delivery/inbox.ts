import type { FollowedKeyring } from '../secrets/keyring-file.ts'
import { deliver, type InboxContent } from '../storage/inbox.ts'
import type { Sql } from '../storage/sql.ts'
import type { Provider } from './provider.ts'

/** Carries mail and texts to the page `/inbox` of this service itself, for development: nothing leaves the machine. */
export function openInbox(sql: Sql, keyring: FollowedKeyring, onDelivery: () => void): Provider {
  return {
    name: 'inbox',
    channels: ['email', 'sms'],
    capacity: Number.POSITIVE_INFINITY,
    async send(message, { deadline }) {
      if (Date.now() >= deadline()) return { result: 'deferred', cause: 'deadline_passed' }
      const content: InboxContent = {
        channel: message.channel,
        to: message.to,
        subject: message.channel === 'email' ? message.subject : null,
        text: message.text,
        html: message.channel === 'email' ? message.html : null,
        reference: message.reference,
      }
      const { current } = keyring.current()
      const sealed = current.seal(JSON.stringify(content), message.id)
      await deliver(sql, { id: message.id, codeKey: current.id, sealed })
      onDelivery()
      return { result: 'accepted', by: 'the built-in inbox', response: 'Shown at /inbox.' }
    },
    close: async () => {},
  }
}

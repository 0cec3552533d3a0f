import { expect, test } from 'vitest'
import { type NoticeContent, renderNoticeMail, renderNoticeText } from './notice.ts'

const added: NoticeContent = {
  kind: 'item_added',
  itemKind: 'email',
  item: 'se••••@example.org',
  ip: '192.0.2.7',
  at: Date.UTC(2026, 5, 1, 9),
  reference: 'K7F-2Q',
  nextUrl: 'https://codes.harbour.test/changes/x',
}
const sender = { name: 'Harbour', address: 'codes@harbour.test' }

test('a notice of an addition says which, in a mail and in a text', () => {
  expect(renderNoticeMail(added, 'en', sender).text.replaceAll('\u200b', '')).toContain('se••••@example.org')
  const { text } = renderNoticeText(added, 'en', sender)
  expect(text).toMatch(/^Something was added to your security info for Harbour \(se\*{4}@ example\. org\)\. /)
})

test('a name that its owner gave can put no line and no long text into a notice', () => {
  const { text } = renderNoticeText({ ...added, item: `Phone\n\n${'x'.repeat(200)}` }, 'en', sender)
  expect(text).toMatch(/\(Phone x{1,40}…?\)\. Not you\?/)
})

import { expect, test } from 'vitest'
import { parseSmtpUrl, securityFor } from './smtp-server.ts'

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1'])(
  '%s is this machine: clear text is fine',
  (host) => {
    expect(securityFor(host)).toBe('clear')
  },
)

test.each([
  'mail.example.com',
  '10.0.0.5',
  '192.168.1.1',
  '128.0.0.1',
  '::2',
  'fe80::1',
  'localhost.example.com',
  '127.example.com',
  '0.0.0.0',
])('%s is another machine: STARTTLS or nothing', (host) => {
  expect(securityFor(host)).toBe('starttls')
})

test('the address says host, port, login and security', () => {
  expect(parseSmtpUrl('smtp://post:p%40ss%3A@mail.example.com')).toEqual({
    host: 'mail.example.com',
    port: 587,
    security: 'starttls',
    login: { user: 'post', password: 'p@ss:' },
  })
  expect(parseSmtpUrl('smtps://mail.example.com')).toEqual({
    host: 'mail.example.com',
    port: 465,
    security: 'implicit',
  })
  expect(parseSmtpUrl('smtp://[::1]:2525/')).toEqual({ host: '::1', port: 2525, security: 'clear' })
  expect(parseSmtpUrl('smtps://127.0.0.1')).toMatchObject({ security: 'implicit' })
})

test.each(['', 'mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp:mail.example.com'])(
  '"%s" is no SMTP address',
  (text) => {
    expect(() => parseSmtpUrl(text)).toThrow('looks like')
  },
)

test.each(['?tls.rejectUnauthorized=false', '/path', '#x'])('%s after it is refused, not obeyed', (rest) => {
  expect(() => parseSmtpUrl(`smtp://mail.example.com:587${rest}`)).toThrow('no options')
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunningService, type RunningService } from '../support/running-service.ts'
import { dumped, openW3m, w3mPath } from '../support/w3m.ts'

const address = 'lena@example.com'
const password = 'seven quiet herons by the weir'
const tooOld = 'This browser is too old to show this page as we designed it.'

let service: RunningService

describe.skipIf(!w3mPath)('in a text browser', () => {
  beforeAll(async () => {
    service = await openRunningService()
  }, 240_000)
  afterAll(() => service?.close(), 120_000)

  test.each([
    ['/', ['\nSign in Set up an account', 'Inbox API Help', 'English العربية 日本語']],
    ['/signin', ['Email address or phone number', '\nNext', "I don't have an account"]],
    ['/signup', ['Email address', '\nSend the code', 'I have an account']],
  ])('%s reads well, and says first that the browser is too old for its looks', async (path, words) => {
    const text = await dumped(service.url + path)
    expect(text.replace(/\s+/g, ' ')).toContain(tooOld)
    for (const word of words) expect(text).toContain(word)
  })

  test('an account is set up, left and signed in to again, mistakes included', async () => {
    const w3m = openW3m(`${service.url}/signup`)
    try {
      await w3m.sees('Send the code')
      await w3m.fill('Email address', 'nobody')
      w3m.press('Send the code')
      await w3m.sees("There's a problem")
      await w3m.fill('also the name you sign in', `\x15${address}`)
      w3m.press('Send the code')
      await w3m.sees(`Enter the code for ${address}`)
      await w3m.fill('Spaces are fine', await service.readCode(address))
      w3m.press('Continue')
      await w3m.sees('Choose a password')
      await w3m.fill('in a row work well', password)
      w3m.press('Set up the account')
      await w3m.sees('Your account')
      w3m.press('Sign out')
      await w3m.sees('Set up an account')
      w3m.follow('^Sign in Set')
      await w3m.sees('Stay signed in')
      await w3m.fill('The one you sign in with', address)
      w3m.press('Next')
      await w3m.sees('Type your password')
      await w3m.fill('^Password', 'not the one at all')
      w3m.press('Next')
      await w3m.sees("There's a problem")
      await w3m.fill('^Password', password)
      w3m.press('Next')
      await w3m.sees('Names you sign in with')
    } finally {
      await w3m.close()
    }
  }, 300_000)
})

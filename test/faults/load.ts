import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Api } from './api.ts'
import type { Chance } from './chance.ts'
import { type Final, type History, newStory, openHistory, type Story } from './history.ts'

export type Load = {
  history: History
  /** From here on codes are asked for. */
  begin(api: Api): void
  /** Verifications that a 201 acknowledged so far. */
  acknowledged(): number
  untilAcknowledged(codes: number): Promise<void>
  /** No new verifications; what is under way is finished. */
  stop(): Promise<void>
  /** Waits until each acknowledged verification was mailed, then reads all of them. */
  settle(patience: number): Promise<Final[]>
  close(): Promise<void>
}

export type LoadSettings = {
  urls: readonly string[]
  chance: Chance
  /** People who ask for a code again and again, and people who type the codes that come. */
  askers: number
  typers: number
  /** Milliseconds between two requests of one asker. */
  pace: number
}

const mostUnmailed = 60

/** Applications that issue codes, and people who type them right and wrong, while things break. */
export async function openLoad(settings: LoadSettings): Promise<Load> {
  const { chance, urls, pace } = settings
  const mailed: Story[] = []
  let stopped = false
  let acknowledged = 0
  let addresses = 0
  let api: Api
  let firstMails = 0
  const history = await openHistory((story) => {
    firstMails += 1
    mailed.push(story)
  })

  async function ask(): Promise<void> {
    while (!stopped) {
      addresses += 1
      const story = newStory(`reader-${addresses}-${chance.between(1, 1e9)}@people.test`)
      history.stories.set(story.email, story)
      await issue(story)
      await sleep(chance.between(0, 2 * pace))
      // On a machine that is slow to start processes, mail would otherwise pile up between one kill and the next.
      while (!stopped && acknowledged - firstMails > mostUnmailed) await sleep(50)
    }
  }

  /** Half the applications send an Idempotency-Key and repeat the request until they know; the others never know. */
  async function issue(story: Story): Promise<void> {
    const key = chance.percent(50) ? { idempotencyKey: `key of ${story.email}` } : {}
    story.sendsAsked = 1
    for (let tries = 1; tries <= 20; tries += 1) {
      const answer = await api.issue(chance.oneOf(urls), story.email, key)
      if (answer?.status === 201) {
        story.id = answer.body.id as string
        story.expiresAt = Date.parse(answer.body.expires_at as string)
        story.sendsAccepted = 1
        acknowledged += 1
        return
      }
      refuseSurprise(answer, 'issue')
      if (!('idempotencyKey' in key)) return
      await sleep(100)
    }
  }

  async function type(): Promise<void> {
    while (!stopped || mailed.length > 0) {
      const story = mailed.shift()
      if (story === undefined) await sleep(20)
      // The mail may be faster than the answer that tells the id; where that was lost nobody can type the code.
      else if ((await idOf(story)) !== undefined) await typeCodes(story)
    }
  }

  async function idOf(story: Story): Promise<string | undefined> {
    for (let waited = 0; story.id === undefined && waited < 500; waited += 20) await sleep(20)
    return story.id
  }

  async function typeCodes(story: Story): Promise<void> {
    if (chance.percent(10)) return
    if (chance.percent(15)) await resend(story)
    const wrong = chance.percent(15) ? 6 : chance.between(0, 2)
    for (let n = 0; n < wrong; n += 1) await tryCode(story, false)
    if (chance.percent(20)) await Promise.all([tryCode(story, true), tryCode(story, true)])
    else await tryCode(story, true)
    // Somebody who got no answer types it again.
    for (let n = 0; n < 5 && story.tries.at(-1)?.outcome === 'unknown'; n += 1) {
      await sleep(200)
      await tryCode(story, true)
    }
    if (chance.percent(20)) await tryCode(story, true)
  }

  async function resend(story: Story): Promise<void> {
    story.sendsAsked += 1
    const answer = await api.resend(chance.oneOf(urls), story.id!)
    refuseSurprise(answer, 'resend')
    if (answer?.status === 202) story.sendsAccepted += 1
  }

  async function tryCode(story: Story, right: boolean): Promise<void> {
    const code = story.mails[0]!.code
    const typed = right ? code : code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
    const startedAt = performance.now()
    const answer = await api.attempt(chance.oneOf(urls), story.id!, typed)
    refuseSurprise(answer, 'attempt')
    const known = answer !== undefined && answer.status < 500
    const outcome = !known ? 'unknown' : answer.status === 200 ? 'approved' : (answer.body.code as string)
    const attemptsLeft = known ? (answer.body.attempts_left as number | undefined) : undefined
    story.tries.push({ right, startedAt, endedAt: performance.now(), outcome, attemptsLeft })
  }

  let people: Promise<void>[] = []
  let surprised: unknown
  const noteSurprise = (fault: unknown) => {
    stopped = true
    surprised ??= fault
  }

  return {
    history,
    begin(given) {
      api = given
      people = [
        ...Array.from({ length: settings.askers }, ask),
        ...Array.from({ length: settings.typers }, type),
      ]
      for (const person of people) person.catch(noteSurprise)
    },
    acknowledged: () => acknowledged,
    async untilAcknowledged(codes) {
      while (acknowledged < codes && surprised === undefined) await sleep(20)
    },
    async stop() {
      stopped = true
      await Promise.all(people)
    },
    async settle(patience) {
      const known = [...history.stories.values()].filter((story) => story.id !== undefined)
      const deadline = performance.now() + patience
      while (known.some((s) => s.mails.length === 0) && performance.now() < deadline) await sleep(50)
      const finals: Final[] = []
      for (const story of known) {
        const answer = await api.read(chance.oneOf(urls), story.id!)
        finals.push({ story, status: answer?.status ?? 0, body: answer?.body ?? {} })
      }
      return finals
    },
    async close() {
      stopped = true
      await Promise.allSettled(people)
      await history.sink.close()
    },
  }
}

const expected = new Set([
  'code_wrong',
  'code_used',
  'code_tries_spent',
  'idempotency_in_progress',
  'resends_spent',
  'unavailable',
])

/** A fault answers 503 and nothing else; anything but these refusals is a finding of its own. */
function refuseSurprise(answer: Answer, asked: string): void {
  if (answer === undefined || answer.status < 300 || expected.has(answer.body.code as string)) return
  throw new Error(`${asked} was answered ${answer.status} ${JSON.stringify(answer.body)}`)
}

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migratedDatabase, type TestDatabase } from '../../test/support/databases.ts'
import {
  decideHit,
  type LimitKey,
  logLength,
  type PolicyLimits,
  type Window,
  waitUntil,
  withDerived,
} from '../core/limits.ts'
import { defaultPolicy } from '../core/policy.ts'
import { judgeItemGuess } from '../core/proving/guessing.ts'
import type { SendLimit } from '../core/refusal.ts'
import { days, ever, minutes } from '../core/time.ts'
import { newId } from '../secrets/random.ts'
import { prepareGuessSql } from './guesses.ts'
import { emptyFailures, ensureRows, readLogs } from './limits.ts'
import { type Database, openDatabase, type Sql } from './sql.ts'
import { type IssueAsk, type NewVerification, prepareVerificationSql } from './verification-sql.ts'

let place: TestDatabase
let database: Database
let sql: Sql
let line: pg.Client
/** Statements of one history go out one behind the other, without waiting for the answers between. */
let pipelined: Sql
const application = newId()

beforeAll(async () => {
  place = await migratedDatabase()
  const options = `${place.connection.options} -c synchronous_commit=off`
  const connection = { ...place.connection, options }
  line = new pg.Client({ ...connection, pipeline: true } as pg.ClientConfig)
  await line.connect()
  const run: Sql['run'] = async (statement, values) => (await line.query({ ...statement, values })).rows
  pipelined = Object.assign(() => Promise.reject(new Error('Only run is for histories.')), { run })
  database = openDatabase({ connection, poolSize: 1, preparedStatements: true, onIdleFault: () => {} })
  sql = database.sql
  await sql`insert into application (id, name) values (${application}, 'model')`
})
afterAll(async () => {
  await line.end()
  await database.close()
  await place.drop()
})

const clockSql = { name: 'clock', text: 'update test_clock.clock set at = $1' }
const setClock = (now: number, on = sql) => on.run(clockSql, [new Date(now)])

const window = fc.record({ most: fc.integer({ min: 1, max: 5 }), within: fc.integer({ min: 1, max: 40 }) })
const windows = fc.array(window, { maxLength: 3 })
const rule = fc.record({ sends: windows, failures: windows })
const ruleSets: fc.Arbitrary<PolicyLimits> = fc.record({
  email: rule,
  phone: rule,
  ip: rule,
  network: rule,
  quota: rule,
  browser: rule,
  strangers_codes: rule,
  known_codes: rule,
  item_codes: rule,
  strangers_passwords: rule,
  known_passwords: rule,
  sign_ins: rule,
  sign_up_codes: rule,
})
const kinds: SendLimit[] = ['email', 'ip', 'network']
/** Which of the keys a request counts against, and how the clock went since the one before. */
const step = fc.record({
  keys: fc.subarray([0, 1, 2], { minLength: 1 }),
  wait: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(30), fc.nat(100), fc.integer({ min: -50, max: -1 })),
})
const histories = (count: number) =>
  fc.array(fc.array(step, { minLength: 4, maxLength: 14 }), { minLength: count, maxLength: count })

describe('limits as SQL decides them', () => {
  test('are those of the reference model, in 1,000 random histories over several keys and a restless clock', async () => {
    let played = 0
    await fc.assert(
      fc.asyncProperty(ruleSets, histories(50), async (rules, all) => {
        const { take } = prepareVerificationSql(rules)
        await setClock(0, pipelined)
        await take(pipelined, [])
        for (const history of all) {
          const keys = kinds.map((kind) => ({ kind, key: Buffer.from(newId()) }))
          await playSends(take, rules, keys, history)
          played += 1
        }
      }),
      { numRuns: 20, endOnFailure: true },
    )
    expect(played).toBeGreaterThanOrEqual(1000)
  }, 60_000)
})

type Step = { keys: number[]; wait: number }

/** One history, told to the model and to the database: every decision, wait and log must be the same. */
async function playSends(
  take: ReturnType<typeof prepareVerificationSql>['take'],
  rules: PolicyLimits,
  keys: { kind: SendLimit; key: Buffer }[],
  history: Step[],
): Promise<void> {
  const logs = keys.map((): number[] => [])
  const expected: string[] = []
  const told: Promise<unknown>[] = []
  let now = Date.UTC(2026, 5, 1)
  for (const { keys: asked, wait } of history) {
    now += wait
    const decisions = asked.map((at) => ({
      at,
      decision: decideHit(logs[at]!, rules[keys[at]!.kind].sends, now),
    }))
    const allowed = decisions.every(({ decision }) => decision.allowed)
    for (const { at, decision } of decisions) if (allowed && decision.allowed) logs[at] = decision.log
    expected.push(allowed ? 'taken' : 'limited')
    void setClock(now, pipelined)
    const counted = asked.map((at) => keys[at]!)
    told.push(take(pipelined, counted))
  }
  expect(await Promise.all(told)).toEqual(expected)
  const stored = await readLogs(sql, keys)
  for (const [at, { kind, key }] of keys.entries()) {
    const log = stored.find((row) => row.key.equals(key))
    const length = logLength(rules[kind].sends)
    expect(log?.sends.slice(0, length) ?? []).toEqual(logs[at])
    expect(waitUntil(log?.sends ?? [], rules[kind].sends, now)).toBe(
      waitUntil(logs[at]!, rules[kind].sends, now),
    )
  }
}

const right = '123456'
const mac = (code: string) => createHash('sha256').update(code).digest()

function verificationFor(destinationKey: Buffer, id: string): NewVerification {
  return {
    subject: id,
    id,
    applicationId: application,
    purpose: 'verification',
    channel: 'email',
    destination: 'ana@example.org',
    destinationKey,
    locale: 'en',
    reference: undefined,
    messageReference: 'K7F-2Q',
    requestHash: undefined,
    codeLength: 6,
    codeKey: 'k1',
    codeMac: mac(right),
    sealedCode: Buffer.alloc(40),
    tries: 5,
    lifetime: minutes(10),
    messageId: newId(),
    messageKind: 'code',
    activityId: newId(),
  }
}

describe('tries as SQL decides them', () => {
  const tries = fc.array(
    fc.record({
      on: fc.nat(2),
      right: fc.boolean(),
      wait: fc.oneof(
        fc.constant(0),
        fc.nat(5),
        fc.nat(60),
        fc.constant(minutes(10)),
        fc.integer({ min: -40, max: -1 }),
      ),
    }),
    { minLength: 5, maxLength: 25 },
  )

  test('are those of the reference model, over several verifications of one destination', async () => {
    await fc.assert(
      fc.asyncProperty(ruleSets, tries, async (base, history) => {
        const rules = { ...base, email: { sends: [], failures: base.email.failures } }
        const statements = prepareVerificationSql(rules)
        const destination: LimitKey = { kind: 'email', key: Buffer.from(newId()) }
        let now = Date.UTC(2026, 5, 1)
        await setClock(now)
        const ids = [newId(), newId(), newId()]
        for (const id of ids) await statements.issue(sql, [destination], verificationFor(destination.key, id))
        const expiresAt = now + minutes(10)
        const model = ids.map(() => ({ attempts: 0, state: 'pending' }))
        let failures: readonly number[] = []
        const attempt = (id: string, typed: string) =>
          statements.attempt(pipelined, {
            subject: id,
            id,
            applicationId: application,
            codeLength: 6,
            macs: [{ key: 'k1', mac: mac(typed) }],
            failureKeys: [],
            activityId: newId(),
          })
        await attempt(newId(), right)
        const expected: object[] = []
        const told: Promise<object>[] = []
        for (const { on, right: isRight, wait } of history) {
          now += wait
          void setClock(now, pipelined)
          told.push(attempt(ids[on]!, isRight ? right : '000000'))
          const verification = model[on]!
          const counted = decideHit(failures, rules.email.failures, now)
          if (verification.state !== 'pending' || now >= expiresAt || !counted.allowed) {
            expected.push({ result: 'not_compared' })
            continue
          }
          verification.attempts += 1
          if (isRight) {
            verification.state = 'approved'
            expected.push({ result: 'approved', at: now, channel: 'email', destination: 'ana@example.org' })
            continue
          }
          if (verification.attempts === 5) verification.state = 'exhausted'
          failures = counted.log
          expected.push({ result: 'wrong', attemptsLeft: 5 - verification.attempts })
        }
        expect(await Promise.all(told)).toEqual(expected)
      }),
      { numRuns: 120, endOnFailure: true },
    )
  }, 60_000)
})

describe('wrong codes in a row on one item, as SQL counts them', () => {
  const guess = fc.record({
    by: fc.oneof(
      { weight: 6, arbitrary: fc.constant('code' as const) },
      { weight: 2, arbitrary: fc.constant('app' as const) },
      { weight: 1, arbitrary: fc.constant('proof' as const) },
    ),
    hidden: fc.boolean(),
    right: fc.boolean(),
    wait: fc.nat(days(400)),
  })

  test('are those of the reference model, by codes that were sent, by codes of apps, and begun anew by proofs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(guess, { minLength: 8, maxLength: 30 }),
        async (most, history) => {
          const item = { sends: [], failures: [{ most, within: ever }] }
          const email = { sends: [], failures: [] }
          const rules = withDerived({ ...defaultPolicy.limits, email, item_codes: item })
          const codes = prepareVerificationSql(rules)
          const apps = prepareGuessSql(rules)
          const all: LimitKey = { kind: 'item_codes', key: Buffer.from(newId()) }
          await ensureRows(sql, [all])
          let count: readonly number[] = []
          let now = Date.UTC(2026, 5, 1)
          for (const { by, hidden, right: isRight, wait } of history) {
            now += wait
            await setClock(now)
            if (by === 'proof') {
              await emptyFailures(sql, [all.key])
              count = []
              continue
            }
            const judged = judgeItemGuess(count, by === 'code' && hidden, rules, now)
            const wrong = judged.outcome === 'compared' && !isRight
            if (wrong) count = judged.ifWrong
            if (by === 'app') {
              const taken = await apps.take(sql, [all])
              expect(taken === 'limited').toBe(judged.outcome !== 'compared')
              if (taken !== 'limited' && isRight) await apps.giveBack(sql, taken)
              continue
            }
            const id = newId()
            const destination: LimitKey = { kind: 'email', key: Buffer.from(newId()) }
            await codes.issue(sql, [destination], verificationFor(destination.key, id))
            const answer = await codes.attempt(sql, {
              subject: id,
              id,
              applicationId: application,
              codeLength: 6,
              macs: [{ key: 'k1', mac: mac(isRight ? right : '000000') }],
              failureKeys: [hidden ? { ...all, hidden: true } : all],
              activityId: newId(),
            })
            const expected = {
              compared: isRight ? 'approved' : 'wrong',
              refused_as_wrong: 'wrong',
              item_closed: 'not_compared',
            }
            expect(answer.result).toBe(expected[judged.outcome])
          }
          const [stored] = await readLogs(sql, [all])
          expect(stored?.failures.length).toBe(count.length)
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  }, 60_000)
})

describe('asked for together', () => {
  const atOnce = fc.record({
    tries: fc.uniqueArray(fc.record({ on: fc.nat(3), right: fc.boolean() }), {
      selector: (one) => one.on,
      minLength: 1,
      maxLength: 4,
    }),
    wait: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(60), fc.integer({ min: -40, max: -1 })),
  })

  test('tries are those of the reference model; of one destination one is compared, the others wait their turn', async () => {
    await fc.assert(
      fc.asyncProperty(ruleSets, fc.array(atOnce, { minLength: 2, maxLength: 8 }), async (base, history) => {
        const rules = { ...base, email: { sends: [], failures: base.email.failures } }
        const { issueMany, attemptMany, attempt } = prepareVerificationSql(rules)
        const destinations = [newId(), newId()].map(
          (id): LimitKey => ({ kind: 'email', key: Buffer.from(id) }),
        )
        let now = Date.UTC(2026, 5, 1)
        await setClock(now)
        const ids = [newId(), newId(), newId(), newId()]
        const whose = (at: number) => destinations[at % 2]!
        for (const pair of [0, 2]) {
          const asks = [pair, pair + 1].map((at) => ({
            keys: [whose(at)],
            fresh: verificationFor(whose(at).key, ids[at]!),
          }))
          expect((await issueMany(sql, asks)).map((one) => one?.result)).toEqual(['issued', 'issued'])
        }
        const model = ids.map(() => ({ attempts: 0, state: 'pending' }))
        const failures: (readonly number[])[] = [[], []]
        const expected = (on: number, isRight: boolean): object => {
          const verification = model[on]!
          const counted = decideHit(failures[on % 2]!, rules.email.failures, now)
          if (verification.state !== 'pending' || !counted.allowed) return { result: 'not_compared' }
          verification.attempts += 1
          if (isRight) {
            verification.state = 'approved'
            return { result: 'approved', at: now, channel: 'email', destination: 'ana@example.org' }
          }
          if (verification.attempts === 5) verification.state = 'exhausted'
          failures[on % 2] = counted.log
          return { result: 'wrong', attemptsLeft: 5 - verification.attempts }
        }
        for (const { tries, wait } of history) {
          now += wait
          await setClock(now)
          const attempts = tries.map(({ on, right: isRight }) => ({
            subject: ids[on]!,
            id: ids[on]!,
            applicationId: application,
            codeLength: 6 as const,
            macs: [{ key: 'k1', mac: mac(isRight ? right : '000000') }],
            failureKeys: [],
            activityId: newId(),
          }))
          const together = await attemptMany(sql, attempts)
          const compared = together.flatMap((answer, at) => (answer ? [tries[at]!.on % 2] : []))
          expect(new Set(compared).size).toBe(compared.length)
          for (const [at, answer] of together.entries()) {
            if (answer) expect(answer).toEqual(expected(tries[at]!.on, tries[at]!.right))
          }
          for (const [at, answer] of together.entries()) {
            if (answer) continue
            expect(await attempt(sql, attempts[at]!)).toEqual(expected(tries[at]!.on, tries[at]!.right))
          }
        }
      }),
      { numRuns: 60, endOnFailure: true },
    )
  }, 60_000)

  test('sends are all counted and stored, or none is', async () => {
    const { issueMany, take } = prepareVerificationSql({
      ...defaultPolicy.limits,
      email: { sends: [{ most: 1, within: minutes(10) }], failures: [] },
    })
    const asks = Array.from({ length: 5 }, () => {
      const destination: LimitKey = { kind: 'email', key: Buffer.from(newId()) }
      return { keys: [destination], fresh: verificationFor(destination.key, newId()) }
    })
    await take(sql, asks[3]!.keys)
    expect(await issueMany(sql, asks)).toEqual(asks.map(() => undefined))
    const ids = asks.map(({ fresh }) => fresh.id)
    expect(await sql`select 1 from verification where id = any(${ids}::uuid[])`).toEqual([])
    expect(await readLogs(sql, asks[0]!.keys)).toEqual([])
    const others = asks.filter((_, at) => at !== 3)
    expect((await issueMany(sql, others)).map((one) => one?.result)).toEqual(others.map(() => 'issued'))
    expect(await issueMany(sql, others)).toEqual(others.map(() => undefined))
  })

  test('tries wait for nobody: what another statement holds is left', async () => {
    const { issueMany, attemptMany } = prepareVerificationSql(defaultPolicy.limits)
    const askFor = (id: string): IssueAsk => ({
      keys: [{ kind: 'email', key: Buffer.from(id) }],
      fresh: verificationFor(Buffer.from(id), id),
    })
    const held = askFor(newId())
    const free = askFor(newId())
    await issueMany(sql, [held, free])
    await line.query('begin')
    try {
      await line.query('select 1 from rate_limit where key = $1 for update', [held.keys[0]?.key])
      const attempts = [held, free].map(({ fresh: { id } }) => ({
        subject: id,
        id,
        applicationId: application,
        codeLength: 6 as const,
        macs: [{ key: 'k1', mac: mac(right) }],
        failureKeys: [],
        activityId: newId(),
      }))
      expect((await attemptMany(sql, attempts)).map((one) => one?.result)).toEqual([undefined, 'approved'])
    } finally {
      await line.query('rollback')
    }
  })

  test('tries that waited for a held verification in vain are each made by themselves', async () => {
    const { issueMany, attemptMany } = prepareVerificationSql(defaultPolicy.limits)
    const asks = [newId(), newId()].map(
      (id): IssueAsk => ({
        keys: [{ kind: 'email', key: Buffer.from(id) }],
        fresh: verificationFor(Buffer.from(id), id),
      }),
    )
    await issueMany(sql, asks)
    await line.query('begin')
    try {
      await line.query('select 1 from verification where id = $1 for update', [asks[0]?.fresh.id])
      const attempts = asks.map(({ fresh: { id } }) => ({
        subject: id,
        id,
        applicationId: application,
        codeLength: 6 as const,
        macs: [{ key: 'k1', mac: mac(right) }],
        failureKeys: [],
        activityId: newId(),
      }))
      const together = database.transaction(async (held) => {
        await held`set local lock_timeout = '30ms'`
        return attemptMany(held, attempts)
      })
      expect(await together).toEqual([undefined, undefined])
    } finally {
      await line.query('rollback')
    }
  })

  test('are looked up by their indexes, also by a plan that was made while the tables were empty', async () => {
    const { rows } = await line.query<{ major: number }>(
      `select current_setting('server_version_num')::int / 10000 as major`,
    )
    // The plan of a statement with parameters can be asked for from PostgreSQL 16 on.
    if ((rows[0]?.major ?? 0) < 16) return
    const texts: string[] = []
    const listen = Object.assign(() => Promise.reject(new Error('Only run is listened to.')), {
      run: async ({ text }: { text: string }) => {
        texts.push(text)
        return []
      },
    }) as unknown as Sql
    const { attemptMany, issueMany } = prepareVerificationSql(defaultPolicy.limits)
    await attemptMany(listen, [])
    await issueMany(listen, [])
    expect(texts).toHaveLength(2)
    for (const text of texts) {
      const plan = await line.query<{ 'QUERY PLAN': string }>(`explain (generic_plan, costs off) ${text}`)
      const words = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(words).not.toMatch(/Seq Scan|Hash Join|Merge Join/)
    }
  })
})

describe('a moment that the database tells', () => {
  test('is never early: at that moment the hit is let through, though the database counts microseconds', async () => {
    const { take } = prepareVerificationSql(defaultPolicy.limits)
    const key: LimitKey = { kind: 'email', key: Buffer.from(newId()) }
    await sql`update test_clock.clock set at = '2026-06-01 00:00:00.000999Z'`
    for (let sends = 0; sends < 5; sends += 1) expect(await take(sql, [key])).toBe('taken')
    const [log] = await readLogs(sql, [key])
    const retryAt = waitUntil(log?.sends ?? [], defaultPolicy.limits.email.sends as Window[], log?.now ?? 0)
    await setClock(retryAt ?? 0)
    expect(await take(sql, [key])).toBe('taken')
  })
})

test('a key that no rule is made for is refused once it has been counted', async () => {
  const { take } = prepareVerificationSql(defaultPolicy.limits)
  const key = { kind: 'unheard' as SendLimit, key: Buffer.from(newId()) }
  await take(sql, [key])
  expect(await take(sql, [key])).toBe('limited')
})

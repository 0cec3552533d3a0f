import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { startScheduledCleanup } from '../../src/operations/administration/scheduled-cleanup.ts'
import { removeOldActivity } from '../../src/storage/activity.ts'
import { removeOldChanges, removeOldItems, removeOldNotices } from '../../src/storage/change.ts'
import { eraseSeeds, removeExpiredFlows } from '../../src/storage/flow.ts'
import { ensureRows } from '../../src/storage/limits.ts'
import { noteReportedSource, removeOldReports } from '../../src/storage/report.ts'
import { removeOldInbox, removeOldLimits, removeOldVerifications } from '../../src/storage/retention.ts'
import { removeOldBrowsers, removeOldSessions } from '../../src/storage/session.ts'
import { type Sql, statement } from '../../src/storage/sql.ts'
import { eraseExpiredCodes } from '../../src/storage/verification.ts'
import { type Client, openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())
afterEach(() => {
  vi.useRealTimers()
})

async function sealedCode(id: string): Promise<unknown> {
  const [row] = await world.sql<{
    sealed_code: Buffer | null
  }>`select sealed_code from verification where id = ${id}`
  return row?.sealed_code
}

test('the code is erased the moment it is approved', async () => {
  const { body } = await shop.issue('ana@example.org')
  expect(await sealedCode(body.id)).toBeInstanceOf(Buffer)
  await shop.check(body.id, await world.readCode('ana@example.org'))
  expect(await sealedCode(body.id)).toBeNull()
})

test('the code is erased with the last wrong try', async () => {
  const { body } = await shop.issue('bea@example.org')
  const code = await world.readCode('bea@example.org')
  for (const nth of [1, 2, 3, 4]) await shop.check(body.id, wrongCode(code, nth))
  expect(await sealedCode(body.id)).toBeInstanceOf(Buffer)
  await shop.check(body.id, wrongCode(code, 5))
  expect(await sealedCode(body.id)).toBeNull()
})

test('the code is erased when the verification is cancelled', async () => {
  const { body } = await shop.issue('cem@example.org')
  await shop.cancel(body.id)
  expect(await sealedCode(body.id)).toBeNull()
})

/** The housekeeping of a process, whose rounds come when this test says so. */
function openHouse() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  return startScheduledCleanup(world.deps.database, world.deps.policy, (fault) => {
    throw fault
  })
}

test('the code is erased at the latest 60 seconds after it expired', async () => {
  const house = openHouse()
  const { body } = await shop.issue('dia@example.org')
  await world.carried()
  await world.advance(minutes(10) - seconds(1))
  vi.advanceTimersByTime(seconds(30))
  expect(await sealedCode(body.id)).toBeInstanceOf(Buffer)
  await world.advance(seconds(1))
  vi.advanceTimersByTime(seconds(60))
  await expect.poll(() => sealedCode(body.id)).toBeNull()
  await house.stop()
})

test('what expired while no process ran is erased when one starts', async () => {
  const { body } = await shop.issue('eli@example.org')
  await world.advance(days(2))
  const house = openHouse()
  await expect.poll(() => sealedCode(body.id)).toBeNull()
  await house.stop()
})

const rowsOf = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      [
        'verification',
        'message',
        'delivery_event',
        'activity',
        'rate_limit',
        'inbox_message',
        'phone_spend',
      ].map(async (table) => {
        const text = `select count(*)::int as rows from ${table}`
        const [row] = await world.sql.run<{ rows: number }>({ name: `count_${table}`, text }, [])
        return [table, row?.rows ?? 0] as const
      }),
    ),
  )

test('verifications and all that belongs to them are removed after 30 days, limits and inbox after a day', async () => {
  await world.advance(days(40))
  await removed(() => rowsOf(), { verification: 0 })
  const { body } = await shop.issue('fay@example.org')
  await shop.issue('+447400123456')
  await shop.check(body.id, wrongCode(await world.readCode('fay@example.org')))
  const fresh = { verification: 2, message: 2, delivery_event: 2, activity: 3, phone_spend: 1 }
  expect(await rowsOf()).toMatchObject({ ...fresh, inbox_message: 2 })

  await world.advance(days(1) + hours(1))
  await removed(() => rowsOf(), { ...fresh, inbox_message: 0, rate_limit: 0 })
  await world.advance(days(28))
  await removed(() => rowsOf(), { ...fresh, phone_spend: 0 })
  expect((await shop.read(body.id)).status).toBe(200)
  await world.advance(days(1))
  await removed(() => rowsOf(), {
    verification: 0,
    message: 0,
    delivery_event: 0,
    activity: 0,
    rate_limit: 0,
  })
  expect((await shop.read(body.id)).body.code).toBe('verification_unknown')
})

test('the row of a limit that holds no hit is removed a day after it was made', async () => {
  const key = { kind: 'known_codes', key: Buffer.alloc(32, 7) } as const
  await ensureRows(world.sql, [key])
  const rows = async () => ({
    rows: (await world.sql`select 1 from rate_limit where key = ${key.key}`).length,
  })
  await removed(rows, { rows: 1 })
  await world.advance(days(1) + 1)
  await removed(rows, { rows: 0 })
})

/** Expired flows, as many sign-ins that were begun and left would leave. */
const leaveFlows = (count: number) => world.sql`
  insert into flow (id, browser, state, expires_at)
  select gen_random_uuid(), '\\x00', '{}', statement_timestamp() from generate_series(1, ${count}::int)`

test('what is old goes in batches of a thousand', async () => {
  await leaveFlows(2500)
  await world.advance(1)
  const batches = []
  do batches.push(await removeExpiredFlows(world.sql))
  while (batches.at(-1) !== 0)
  expect(batches).toEqual([1000, 1000, 500, 0])
})

test('one chore that fails stops no other, and is told by its name', async () => {
  await world.sql`alter table change rename to change_away`
  await world.sql`alter table verification rename to verification_away`
  await leaveFlows(2500)
  const report = { key: Buffer.alloc(32, 8) }
  await noteReportedSource(world.sql, [report.key], minutes(1))
  await world.advance(minutes(2))
  const faults = new Set<string>()
  const house = startScheduledCleanup(world.deps.database, world.deps.policy, (_, about) => faults.add(about))
  const left = async () => [
    await world.sql`select 1 from flow limit 1`,
    await world.sql`select 1 from reported_source where key = ${report.key}`,
  ]
  await expect.poll(left, { timeout: 10_000 }).toEqual([[], []])
  await house.stop()
  await world.sql`alter table change_away rename to change`
  await world.sql`alter table verification_away rename to verification`
  expect([...faults].sort()).toEqual([
    'Erasing expired codes',
    'Removing old changes',
    'Removing old verifications',
    'Telling of announced undos',
  ])
})

/** Each removal, as housekeeping does it. */
const removals: Record<string, (sql: Sql) => Promise<unknown>> = {
  codes: eraseExpiredCodes,
  seeds: (sql) => eraseSeeds(sql, minutes(1)),
  verifications: (sql) => removeOldVerifications(sql, days(30)),
  limits: (sql) => removeOldLimits(sql, new Map(), undefined),
  activity: removeOldActivity,
  inbox: (sql) => removeOldInbox(sql, days(1)),
  flows: removeExpiredFlows,
  changes: removeOldChanges,
  items: removeOldItems,
  notices: removeOldNotices,
  reports: removeOldReports,
  sessions: removeOldSessions,
  browsers: removeOldBrowsers,
}

test.each(Object.keys(removals))('old %s are found without reading a whole table', async (name) => {
  const scans: Scan[] = []
  await world.deps.database.transaction(async (sql) => {
    await sql`set local enable_seqscan = off`
    await removals[name]?.(explaining(sql, scans))
  })
  expect(scans.length).toBeGreaterThan(0)
  for (const scan of scans) {
    const by = scan['Index Cond'] ?? scan['Recheck Cond'] ?? wholeIndexes.get(scan['Index Name'] ?? '')
    expect(by, JSON.stringify(scan)).toBeDefined()
  }
})

/** Indexes that hold nothing but what is looked for. */
const wholeIndexes = new Map([['flow_seed', 'seeds']])

type Scan = {
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  /** Of a bitmap: what its index was asked. */
  'Recheck Cond'?: string
  Plans?: Scan[]
}

/** Runs everything, and notes how each table is read. */
function explaining(sql: Sql, scans: Scan[]): Sql {
  const note = (node: Scan): void => {
    if ('Relation Name' in node && !('Operation' in node)) scans.push(node)
    for (const child of node.Plans ?? []) note(child)
  }
  const explained = async (strings: TemplateStringsArray, ...values: unknown[]) => {
    const text = strings.reduce((before, part, at) => `${before}$${at}${part}`)
    const rows = await sql.run<{ 'QUERY PLAN': { Plan: Scan }[] }>(
      statement(`explain (format json) ${text}`),
      values,
    )
    note(rows[0]?.['QUERY PLAN'][0]?.Plan ?? {})
    return sql(strings, ...values)
  }
  return Object.assign(explained, { run: sql.run }) as Sql
}

/** One round of housekeeping leaves just this. */
async function removed(
  look: () => Promise<Record<string, number>>,
  left: Record<string, number>,
): Promise<void> {
  const house = openHouse()
  vi.useRealTimers()
  await expect.poll(look, { timeout: 5000 }).toMatchObject(left)
  await house.stop()
}

import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../../../test/support/databases.ts'
import { type Duration, hours, minutes, seconds } from '../../core/time.ts'
import { packageRoot } from '../../package-root.ts'
import { migrate } from '../../storage/migrate.ts'
import { type Database, openDatabase } from '../../storage/sql.ts'
import { openClockWatch } from './clock-watch.ts'
import { readiness } from './readiness.ts'

let place: TestDatabase
let database: Database

beforeAll(async () => {
  place = await emptyDatabase()
  const { connection } = place
  await migrate(connection, `${packageRoot}migrations`)
  database = openDatabase({ connection, poolSize: 1, preparedStatements: true, onIdleFault: () => {} })
})
afterAll(async () => {
  await database.close()
  await place.drop()
})

/** A database clock that is set back and a time that goes on while the clock stands are the same to whoever compares them. */
function openWatch() {
  const messages: string[] = []
  let passed: Duration = 0
  const clock = openClockWatch(
    database.sql,
    (fault) => messages.push(fault.message),
    () => performance.now() + passed,
  )
  return { clock, messages, pass: (time: Duration) => (passed += time) }
}

test('a database clock that is set back is logged once, and alarms for ten minutes', async () => {
  const { clock, messages, pass } = openWatch()
  await clock.look()
  pass(hours(1))
  await clock.look()
  await clock.look()
  expect(messages).toEqual([expect.stringContaining('was set back by 60 min')])
  pass(minutes(9))
  expect(clock.setBackBy()).toBeGreaterThan(hours(1) - seconds(5))
  pass(minutes(1))
  expect(clock.setBackBy()).toBeUndefined()
})

test('an answer that comes late is no clock that was set back', async () => {
  const { clock, messages, pass } = openWatch()
  await clock.look()
  pass(seconds(4))
  await clock.look()
  expect([messages, clock.setBackBy()]).toEqual([[], undefined])
})

test('it is not ready while its own database has a clock that was set back', async () => {
  const { clock, pass } = openWatch()
  expect((await readiness(database.sql, clock)).clock).toMatchObject({ ok: true })
  pass(hours(1))
  expect((await readiness(database.sql, clock)).clock).toEqual({
    ok: false,
    detail: expect.stringMatching(/^the database's was set back by 3\d{3} s in the last 10 minutes$/),
  })
})

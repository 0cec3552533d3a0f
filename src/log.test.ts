import pg from 'pg'
import { expect, test } from 'vitest'
import { describeFault, openLog } from './log.ts'

const fault = Object.assign(new Error('the server went away'), {
  code: 'ECONNRESET',
  parameters: ['ana@example.org'],
})

test.each([
  ['as it was thrown', fault],
  ['described', describeFault(fault)],
])('a fault is logged with its words and without its values: %s', (_, err) => {
  const lines: string[] = []
  openLog('info', { write: (line) => lines.push(line) }).warn({ err }, 'A database connection was lost.')
  expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
    message: 'the server went away',
    fault_code: 'ECONNRESET',
  })
  expect(lines[0]).not.toContain('ana@')
})

test('a value that PostgreSQL cannot read is not repeated', () => {
  const raised = Object.assign(
    new pg.DatabaseError('invalid input syntax for type uuid: "ana@x.org"', 1, 'error'),
    {
      code: '22P02',
      severity: 'ERROR',
      detail: 'Failing row contains (ana@x.org).',
    },
  )
  const described = describeFault(raised)
  expect(described.message).toBe('PostgreSQL could not read a value (SQLSTATE 22P02)')
  expect(described.stack).toContain('    at ')
  expect(JSON.stringify(described)).not.toContain('ana@')
})

import { defineConfig } from 'vitest/config'
import { closingReport } from './test/support/reporter.ts'
import { requirement } from './test/support/requirements.ts'

/** Suites that start whole services or many processes: one file at a time, and nothing beside them. */
const heavy = ['faults', 'startup', 'races', 'upgrade'].map((name) => `test/${name}/**/*.test.ts`)
/** A browser waits for pages as pages do for it: two at a time. */
const pages = 'test/pages/**/*.test.ts'
const stories = 'test/stories/**/*.test.ts'
const people = ['sign-in', 'proving', 'security-info', 'changes', 'activity', 'requests'].map(
  (name) => `test/${name}/**/*.test.ts`,
)

const common = { pool: 'forks' as const, hookTimeout: 60_000, testTimeout: 30_000, maxWorkers: 2 }

/** The stories once more on the oldest PostgreSQL supported, where this machine has it. In CI it must be there. */
const onPostgres15 = {
  test: {
    ...common,
    name: 'stories on PostgreSQL 15',
    include: [stories],
    globalSetup: 'test/support/debian-postgres.ts',
    sequence: { groupOrder: 1 },
  },
}

export default defineConfig({
  test: {
    reporters: ['default', closingReport()],
    globalSetup: 'test/support/shared-postgres.ts',
    // Groups run one after the other; what shares a group shares its two workers.
    projects: [
      {
        test: {
          ...common,
          name: 'units',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [stories, ...people, pages, ...heavy],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'stories', include: [stories], sequence: { groupOrder: 0 } } },
      {
        test: {
          ...common,
          name: 'people',
          include: people,
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      ...(requirement('postgresql-15') ? [onPostgres15] : []),
      {
        test: {
          ...common,
          name: 'pages',
          include: [pages],
          globalSetup: 'test/support/shared-browser.ts',
          testTimeout: 240_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...common,
          name: 'heavy',
          include: heavy,
          testTimeout: 120_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})

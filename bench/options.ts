import { parseArgs } from 'node:util'

export const scenarioNames = [
  'start-up',
  'throughput',
  'sending',
  'arrival',
  'table-size',
  'enumeration',
  'pages',
  'overload',
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export type Options = {
  scenarios: readonly ScenarioName[]
  /** How often each contender takes its turn. */
  rounds: number
  /** How long a turn issues codes; the checks of those codes take as long as they take. */
  seconds: number
  /** Verifications in the larger database of `table-size`. */
  rows: number
  /** Names with an account, and as many without, that are asked for in `enumeration`. */
  pairs: number
  /** Another built checkout of the product, which takes its turns beside this one. */
  against: string | undefined
  /** Where the figures are written as JSON. */
  json: string | undefined
  /** Where CPU profiles of the server are written, for `where the time goes`. */
  profile: string | undefined
}

export const usage = `npm run bench -- [options]

  --only <scenario>   ${scenarioNames.join(', ')}; may be given more than once
  --rounds <n>        turns of each contender (5)
  --seconds <n>       seconds that a turn issues codes (4)
  --rows <n>          verifications in the large database (5000000)
  --pairs <n>         names with an account and without that are compared (2000)
  --quick             2 rounds of 1 second, 200000 rows, 100 pairs: tells whether it works, not how fast
  --against <folder>  compare with another checkout, built: what did a change gain?
  --json <file>       write the figures as JSON too
  --profile <folder>  write CPU profiles of the server (not of its figures: profiling slows it)`

/** @throws TypeError with what is wrong */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rows: { type: 'string' },
      pairs: { type: 'string' },
      quick: { type: 'boolean' },
      against: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return 'help'
  const quick = values.quick ?? false
  return {
    scenarios: values.only?.map(scenarioNamed) ?? scenarioNames,
    rounds: numberOr(values.rounds, quick ? 2 : 5),
    seconds: numberOr(values.seconds, quick ? 1 : 4),
    rows: numberOr(values.rows, quick ? 200_000 : 5_000_000),
    pairs: numberOr(values.pairs, quick ? 100 : 2_000),
    against: values.against,
    json: values.json,
    profile: values.profile,
  }
}

function scenarioNamed(name: string): ScenarioName {
  const found = scenarioNames.find((known) => known === name)
  if (found === undefined) throw new TypeError(`There is no scenario "${name}".`)
  return found
}

function numberOr(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise)
  if (value > 0) return value
  throw new TypeError(`"${text}" is not a number above 0.`)
}

import type { Reporter, TestModule } from 'vitest/node'
import { missingRequirements, requirements } from './requirements.ts'

/**
 * Says at the end of a run how long each group took, what was not run here and how to have it run, and closes with the
 * one line that CI judges by: `tests: N passed, N failed`.
 */
export function closingReport(): Reporter {
  const beganAt = performance.now()
  const spans = new Map<TestModule, Span>()
  const seconds = () => (performance.now() - beganAt) / 1000
  return {
    onTestModuleEnd(module) {
      const { prepareDuration, collectDuration, setupDuration, duration } = module.diagnostic()
      const to = seconds()
      spans.set(module, {
        from: to - (prepareDuration + collectDuration + setupDuration + duration) / 1000,
        to,
      })
    },
    onTestRunEnd(modules, errors, reason) {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const inState = (state: string) => tests.filter((test) => test.result().state === state)
      // A file that does not load, or whose hook throws, may fail without any test of its own failing.
      const brokenFiles = modules.filter((module) => module.state() === 'failed' && !hasFailedTest(module))
      const counted = inState('failed').length + brokenFiles.length + errors.length
      // Where the run itself could not begin (a global set-up threw) or was broken off, no test says so.
      const failed = reason === 'passed' ? counted : Math.max(counted, 1)
      const skipped = inState('skipped')

      if (spans.size > 1) saySecondsPerGroup(spans)
      if (skipped.length > 0) sayWhatWasNotRun(skipped.map((test) => test.module))
      for (const name of missingRequirements()) {
        console.log(
          `  Without ${name} its tests are not run. On Debian: apt-get install ${requirements[name].packages}`,
        )
      }
      const skippedToo = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
      console.log(`\ntests: ${inState('passed').length} passed, ${failed} failed${skippedToo}`)
    },
  }
}

/** From when a worker took a file until it had run it, in seconds since the run began. */
type Span = { from: number; to: number }

/** Each group's time in its workers, and when in the run that was; then the files that took longest. */
function saySecondsPerGroup(spans: ReadonlyMap<TestModule, Span>): void {
  const lasted = ([, { from, to }]: [TestModule, Span]) => to - from
  console.log('\nseconds per group (added up over its files; from when to when in the run)')
  for (const [group, files] of Map.groupBy(spans, ([module]) => module.project.name)) {
    const total = files.reduce((sum, file) => sum + lasted(file), 0)
    const [from, to] = [Math.min(...files.map(([, s]) => s.from)), Math.max(...files.map(([, s]) => s.to))]
    const [work, begin, end] = [total, from, to].map((one) => one.toFixed(0).padStart(5))
    console.log(`  ${group.padEnd(24)}${work} s  ${begin} –${end}  ${files.length} files`)
  }
  console.log('the longest files')
  const longest = [...spans].sort((one, other) => lasted(other) - lasted(one)).slice(0, 8)
  for (const file of longest) {
    console.log(`  ${lasted(file).toFixed(0).padStart(5)} s  ${file[0].relativeModuleId}`)
  }
}

function hasFailedTest(module: TestModule): boolean {
  return [...module.children.allTests('failed')].length > 0
}

function sayWhatWasNotRun(modules: TestModule[]): void {
  const counts = Map.groupBy(modules, (module) => module.relativeModuleId)
  console.log('\nNot run here:')
  for (const [file, skipped] of counts) console.log(`  ${file}: ${skipped.length} skipped`)
}

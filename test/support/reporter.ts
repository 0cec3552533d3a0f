import type { Reporter, TestModule } from 'vitest/node'
import { missingRequirements, requirements } from './requirements.ts'

/**
 * Says at the end of a run what was not run here and how to have it run, and closes with the one line that CI
 * judges by: `tests: N passed, N failed`.
 */
export function closingReport(): Reporter {
  return {
    onTestRunEnd(modules, errors, reason) {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const inState = (state: string) => tests.filter((test) => test.result().state === state)
      // A file that does not load, or whose hook throws, may fail without any test of its own failing.
      const brokenFiles = modules.filter((module) => module.state() === 'failed' && !hasFailedTest(module))
      const counted = inState('failed').length + brokenFiles.length + errors.length
      // Where the run itself could not begin (a global set-up threw) or was broken off, no test says so.
      const failed = reason === 'passed' ? counted : Math.max(counted, 1)
      const skipped = inState('skipped')

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

function hasFailedTest(module: TestModule): boolean {
  return [...module.children.allTests('failed')].length > 0
}

function sayWhatWasNotRun(modules: TestModule[]): void {
  const counts = Map.groupBy(modules, (module) => module.relativeModuleId)
  console.log('\nNot run here:')
  for (const [file, skipped] of counts) console.log(`  ${file}: ${skipped.length} skipped`)
}

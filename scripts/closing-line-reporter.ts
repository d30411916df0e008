import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that people and CI can read alike: `12 passed, 0 failed`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = countTests(modules)
    counts.failed += unhandledErrors.length

    // Other reporters print until the very end, and may still decide that the run failed.
    process.on('exit', (exitCode) => {
      if (exitCode !== 0 && counts.failed === 0) counts.failed = 1
      if (counts.skipped > 0) console.log(`${counts.skipped} skipped`)
      console.log(`${counts.passed} passed, ${counts.failed} failed`)
    })
  }
}

interface Counts {
  passed: number
  failed: number
  skipped: number
}

function countTests(modules: readonly TestModule[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    const failedBefore = counts.failed
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state !== 'pending') counts[state] += 1
    }
    // A file that cannot be loaded, or whose hook throws, has errors of its own and perhaps no test.
    if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed += 1
  }
  return counts
}

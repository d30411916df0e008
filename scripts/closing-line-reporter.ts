import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that people and CI can read alike: `12 passed, 0 failed`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0

    for (const module of modules) {
      let failedInModule = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failedInModule += 1
        if (state === 'skipped') skipped += 1
      }
      // A file that cannot be loaded, or whose hook throws, has errors of its own and perhaps no test.
      if (failedInModule === 0 && module.state() === 'failed') failedInModule = 1
      failed += failedInModule
    }

    const skippedPart = skipped > 0 ? `, ${skipped} skipped` : ''
    process.on('exit', () => {
      console.log(`${passed} passed, ${failed} failed${skippedPart}`)
    })
  }
}

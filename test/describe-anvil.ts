import { createRequire } from 'node:module'

import { describe, test } from 'vitest'

/**
 * Runs tests with anvil. Where it cannot be started here they are skipped, and the title says why; with
 * `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 */
export function describeAnvil(title: string, body: () => void): void {
  const reason = whyNotHere()
  if (reason === null) {
    describe(`${title} (anvil)`, body)
    return
  }
  if (process.env['ASSAY_REQUIRE_SERVERS'] === '1') throw new Error(reason)
  // oxlint-disable-next-line vitest/no-disabled-tests -- there is nothing to run it with
  describe.skip(`${title}, skipped: ${reason}`, () => test('needs anvil'))
}

/** It is a program for each platform, which npm leaves out where there is none. */
function whyNotHere(): string | null {
  const { platform, arch } = process
  const system = platform === 'win32' ? 'win32' : platform
  const machine = arch === 'x64' ? 'amd64' : arch
  const name = `@foundry-rs/anvil-${system}-${machine}`
  try {
    const ofAnvil = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
    createRequire(ofAnvil).resolve(`${name}/package.json`)
    return null
  } catch {
    return `${name} is not installed`
  }
}

import { describe, test } from 'vitest'

import { findTool, type Tool } from './find-tool.ts'

/** The checker of Prometheus' rule files, from Debian's package `prometheus`. */
export type Promtool = Tool

/** The checker of Alertmanager's configuration, from Debian's package `prometheus-alertmanager`. */
export type Amtool = Tool

/** Alertmanager itself, from the same package. */
export type Alertmanager = Tool

/**
 * Runs tests with promtool. Where there is none they are skipped, and the title says why; with
 * `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param title what the tests are about
 * @param body defines the tests
 */
export function describePromtool(title: string, body: (promtool: Promtool) => void): void {
  describeTool('promtool', 'prometheus', title, body)
}

/**
 * Runs tests with amtool. Where there is none they are skipped, and the title says why; with
 * `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param title what the tests are about
 * @param body defines the tests
 */
export function describeAmtool(title: string, body: (amtool: Amtool) => void): void {
  describeTool('amtool', 'prometheus-alertmanager', title, body)
}

/**
 * Runs tests with Alertmanager. Where there is none they are skipped, and the title says why; with
 * `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param title what the tests are about
 * @param body defines the tests
 */
export function describeAlertmanager(
  title: string,
  body: (alertmanager: Alertmanager) => void,
): void {
  describeTool('prometheus-alertmanager', 'prometheus-alertmanager', title, body)
}

function describeTool(
  name: string,
  debianPackage: string,
  title: string,
  body: (tool: Tool) => void,
): void {
  // Whether tests are skipped is settled while they are collected, so it is looked for here.
  const tool = findOrExplain(name, debianPackage)
  if (typeof tool === 'string') {
    // oxlint-disable-next-line vitest/no-disabled-tests -- there is nothing to run it with
    describe.skip(`${title}, skipped: ${tool}`, () => test(`needs ${name}`))
    return
  }
  describe(`${title} (${name} ${tool.major}.${tool.minor})`, () => body(tool))
}

function findOrExplain(name: string, debianPackage: string): Tool | string {
  try {
    return findTool(name, debianPackage)
  } catch (error) {
    if (process.env['ASSAY_REQUIRE_SERVERS'] === '1') throw error
    return error instanceof Error ? error.message : String(error)
  }
}

import { createCircuitBreaker } from '@assay/core'
import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel'
import Opossum from 'opossum'

/**
 * What every contender guards, and what `bare` calls directly: an asynchronous function that awaits
 * once, as every call that leaves the process does, and otherwise costs nothing.
 */
export const work = async (): Promise<number> => {
  await settled
  return 1
}

const settled = Promise.resolve()

const runWork = (given: () => Promise<number>): Promise<number> => given()

export const createOurs = createCircuitBreaker

/** opossum as its documentation sets it up, with its timeout off unless it is what is measured. */
export function createOpossum(options: Opossum.Options = { timeout: false }) {
  return new Opossum(runWork, options)
}

export function createCockatiel() {
  return circuitBreaker(handleAll, {
    halfOpenAfter: 30_000,
    breaker: new ConsecutiveBreaker(5),
  })
}

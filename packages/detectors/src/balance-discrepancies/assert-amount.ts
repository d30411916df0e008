import { InvalidOptionError } from '@assay/core'

/** Refuses an option that is not an amount of minor units from 0n. */
export function assertAmount(factory: string, option: string, value: bigint): void {
  if (typeof value === 'bigint' && value >= 0n) return
  throw new InvalidOptionError(factory, option, 'a bigint of at least 0n')
}

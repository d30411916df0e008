import { type Abi, BaseError, decodeErrorResult, isHex } from 'viem'

/** A reason stands in logs and rows. */
const REASON_MAX = 200

/**
 * The reason of a revert as one line: `Unauthorized(0x…)`, the text of a `require`, or `Panic(17)`.
 *
 * @param data the bytes that the call gave back
 * @param abi where custom errors are looked up
 */
export function decodeRevert(data: string | undefined, abi: Abi): string {
  if (data === undefined || !isHex(data) || data === '0x') return 'reverted'
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi, data })
    if (errorName === 'Error') return cut(`reverted: ${String(args[0])}`)
    return cut(`reverted: ${errorName}(${args.map(String).join(', ')})`)
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return cut(`reverted: ${data.slice(0, 10)}`)
  }
}

/** A contract is a stranger, and its text may be of any length and hold anything. */
function cut(reason: string): string {
  return reason.replaceAll(/\p{Cc}/gu, ' ').slice(0, REASON_MAX)
}

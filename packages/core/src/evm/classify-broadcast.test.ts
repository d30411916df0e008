import { type HttpReceiver, type Reply, startHttpReceiver } from '@assay/test-servers'
import { createPublicClient, http } from 'viem'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { BroadcastOutcome } from '../transactions/transaction-sender.ts'
import { classifyBroadcast } from './classify-broadcast.ts'
import { endpointError } from './evm-error.ts'

describe('an endpoint that refuses bytes, as viem tells it', () => {
  let endpoint: HttpReceiver

  beforeEach(async () => {
    endpoint = await startHttpReceiver()
  })
  afterEach(() => endpoint.close())

  async function send(): Promise<unknown> {
    const transport = http(`${endpoint.url}/v2/secret-key`, { retryCount: 0, timeout: 500 })
    try {
      await createPublicClient({ transport }).request({
        method: 'eth_sendRawTransaction',
        params: ['0x02'],
      })
      return undefined
    } catch (error) {
      return error
    }
  }

  /** Words of go-ethereum, Erigon, Nethermind, Besu, Reth, anvil and L2 nodes. */
  test.each<[BroadcastOutcome['outcome'], string]>([
    ['accepted', 'already known'],
    ['accepted', 'AlreadyKnown'],
    ['accepted', 'Transaction with the same hash was already imported.'],
    ['accepted', 'known transaction: 0xabc'],
    ['accepted', 'transaction already in mempool'],
    ['nonce-used', 'nonce too low: next nonce 7, tx nonce 5'],
    ['nonce-used', 'OldNonce, Current nonce: 7, nonce of rejected tx: 5'],
    ['nonce-used', 'Nonce too low'],
    ['underfunded', 'insufficient funds for gas * price + value: balance 0, tx cost 21000'],
    ['underfunded', 'INSUFFICIENT_FUNDS: insufficient funds for transfer'],
    ['underfunded', 'Upfront cost exceeds account balance'],
    ['underfunded', 'InsufficientFunds, insufficient balance'],
    ['underpriced', 'replacement transaction underpriced'],
    ['underpriced', 'transaction underpriced: tip needed 1, tip permitted 0'],
    ['underpriced', 'FeeTooLow, EffectivePriorityFeePerGas too low'],
    ['underpriced', 'max fee per gas less than block base fee: address 0xabc'],
    ['underpriced', 'replacement fee too low'],
    ['refused', 'intrinsic gas too low: gas 20000, minimum needed 21000'],
    ['refused', 'exceeds block gas limit'],
    ['refused', 'transaction gas limit too high (cap: 16777216, tx: 20000000)'],
    ['refused', 'tx fee (1.2 ether) exceeds the configured cap (1.00 ether)'],
    ['refused', 'oversized data: transaction size 200000, limit 131072'],
    ['refused', 'invalid sender'],
    ['refused', 'invalid chain id for signer: have 1 want 31337'],
    ['refused', 'transaction type not supported'],
    ['unknown', 'txpool is full'],
    ['unknown', 'rate limit exceeded'],
    ['unknown', 'something that nobody has said before'],
  ])('is %s when it says "%s"', async (outcome, message) => {
    endpoint.play({
      status: 200,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32_000, message } }),
    })
    expect(classifyBroadcast(await send()).outcome).toBe(outcome)
  })

  test.each<[string, Reply]>([
    ['the connection is cut', { kind: 'cut' }],
    ['it does not answer', { kind: 'hang' }],
    ['a proxy says 502', { status: 502, body: 'nonce too low' }],
    ['a proxy says 429', { status: 429, body: 'insufficient funds' }],
    ['its answer is cut', { kind: 'cut-in-body', status: 200 }],
    ['its answer is no JSON', { status: 200, body: '<html>already known</html>' }],
  ])('is unknown when %s, whatever the page says', async (_, reply) => {
    endpoint.play(reply)
    expect(classifyBroadcast(await send())).toEqual({ outcome: 'unknown' })
  })

  test('is logged without its URL and without the bytes', async () => {
    const message = 'see https://endpoint.example/v2/other-key for 0x02'
    const error = { code: -32_000, message }
    endpoint.play(
      { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) },
      { status: 502, body: 'down' },
    )
    for (const failed of [await send(), await send()]) {
      const logged = endpointError('primary', failed)
      const text = JSON.stringify([logged.message, logged.context, String(logged.cause)])
      expect(text).toContain('primary')
      expect(text).not.toMatch(/secret-key|other-key|127\.0\.0\.1/)
    }
  })
})

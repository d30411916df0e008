import { sha256Hex } from '../runtime/sha256.ts'
import type {
  BroadcastOutcome,
  TransactionSender,
  TransactionVerdict,
} from '../transactions/transaction-sender.ts'
import type { MinedAttempt, Transaction } from '../transactions/transaction.ts'
import {
  type FakeBlock,
  type FakeChainView,
  type FakeMined,
  type FakeSenderOptions,
  type FakeTransaction,
  memberOf,
  nextNonce,
} from './fake-chain-model.ts'
import { InjectedFaultError } from './faulty.ts'
import { createSeededRandom } from './seeded-random.ts'

/** What a replacement pays more, at least: the rule of go-ethereum's pool is a tenth, ours an eighth. */
const REPLACEMENT_RULE = 1.1
const REPLACEMENT_RAISE = 1.125
const LAG_MAX = 3

/** Makes the sender of a fake chain. */
export function createFakeChainSender(
  chain: FakeChainView,
  {
    accounts = ['0xfake'],
    random = createSeededRandom(1),
    lossRate = 0,
    lostAnswerRate = 0,
    lagRate = 0,
    feeMax = 1_000_000,
    finalityDepth = chain.finalityDepth,
  }: FakeSenderOptions,
): TransactionSender {
  function loseSome(what: string): void {
    if (random() < lossRate) throw new InjectedFaultError(`${what} did not arrive.`)
  }

  function blocksSeen(): readonly FakeBlock[] {
    if (random() >= lagRate) return chain.blocks
    return chain.blocks.slice(
      0,
      Math.max(0, chain.blocks.length - 1 - Math.floor(random() * LAG_MAX)),
    )
  }

  return {
    chain: 'fake:1',
    accounts,
    async verify() {},
    assertPayload() {},
    async prepare({ account, payload }) {
      loseSome('The trial')
      if (!chain.isFunded(account)) return { outcome: 'underfunded' }
      if (memberOf(payload, 'fails') === 'when-tried')
        return { outcome: 'rejected', reason: 'fails' }
      return { outcome: 'ready', prepared: null }
    },
    async sign({ account, nonce, purpose, payload, attempts }) {
      const before = attempts.at(-1)?.terms
      const least = typeof before === 'number' ? Math.ceil(before * REPLACEMENT_RAISE) : 0
      const fee = Math.max(Math.ceil(2 * chain.baseFee), least)
      if (fee > feeMax && attempts.length > 0) return { outcome: 'unchanged', reason: 'fee-cap' }
      const signed: FakeTransaction = {
        account,
        nonce: Number(nonce),
        fee: Math.min(fee, feeMax),
        purpose,
        payload: purpose === 'send' ? payload : null,
      }
      const raw = JSON.stringify(signed)
      return { outcome: 'signed', raw, hash: sha256Hex(raw), terms: signed.fee }
    },
    async broadcast({ raw, hash }) {
      loseSome('The broadcast')
      const outcome = take(chain, { hash, transaction: JSON.parse(raw) as FakeTransaction })
      if (random() < lostAnswerRate) throw new InjectedFaultError('The answer did not arrive.')
      return outcome
    },
    async observe({ account, transactions }) {
      loseSome('The question')
      const blocks = blocksSeen()
      const next = nextNonce(blocks, account)
      let free = next
      while (chain.waitingAt(account, free) !== undefined) free += 1
      const finalBlocks = blocks.slice(0, Math.max(0, blocks.length - finalityDepth))
      const finalNonce = nextNonce(finalBlocks, account)
      const verdicts = transactions.flatMap((transaction) => {
        const verdict = judge(transaction, { blocks, finalNonce, finalHeight: finalBlocks.length })
        return verdict === null ? [] : [[transaction.id, verdict] as const]
      })
      return { nextNonce: BigInt(next), freeNonce: BigInt(free), verdicts: new Map(verdicts) }
    },
  }
}

/** The pool's answer to a transaction. */
function take(
  chain: FakeChainView,
  waiting: { readonly hash: string; readonly transaction: FakeTransaction },
): BroadcastOutcome {
  const { account, nonce, fee } = waiting.transaction
  if (nonce < nextNonce(chain.blocks, account)) return { outcome: 'nonce-used' }
  if (!chain.isFunded(account)) return { outcome: 'underfunded' }
  const there = chain.waitingAt(account, nonce)
  if (there?.hash === waiting.hash) return { outcome: 'accepted' }
  if (there !== undefined && fee < there.transaction.fee * REPLACEMENT_RULE) {
    return { outcome: 'underpriced' }
  }
  chain.admit(waiting)
  return { outcome: 'accepted' }
}

/** What is seen of a chain. */
interface Seen {
  readonly blocks: readonly FakeBlock[]
  /** Nonces below it were used in final blocks. */
  readonly finalNonce: number
  /** How many blocks are final. */
  readonly finalHeight: number
}

function judge(
  { attempts, nonce }: Transaction,
  { blocks, finalNonce, finalHeight }: Seen,
): TransactionVerdict | null {
  const hashes = new Set(attempts.map(({ hash }) => hash))
  for (const [height, block] of blocks.entries()) {
    const found = block.mined.find(({ hash }) => hashes.has(hash))
    if (found === undefined) continue
    return { kind: 'mined', mined: minedIn(block, found, height), isFinal: height < finalHeight }
  }
  return nonce !== null && nonce < BigInt(finalNonce) ? { kind: 'displaced' } : null
}

function minedIn(
  block: FakeBlock,
  { hash, succeeded, receipt }: FakeMined,
  height: number,
): MinedAttempt {
  return { hash, blockNumber: BigInt(height), blockHash: block.hash, succeeded, receipt }
}

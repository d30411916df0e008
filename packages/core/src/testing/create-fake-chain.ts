import { sha256Hex } from '../runtime/sha256.ts'
import type { JsonValue } from '../transactions/json-value.ts'
import {
  type FakeBlock,
  type FakeChain,
  type FakeChainOptions,
  type FakeChainView,
  type FakeExecution,
  type FakeMined,
  type FakeTransaction,
  type FakeWaiting,
  memberOf,
  nextNonce,
} from './fake-chain-model.ts'
import { createFakeChainSender } from './fake-chain-sender.ts'
import { createSeededRandom } from './seeded-random.ts'

/** Real nodes move it so much at most with each block (EIP-1559). */
const BASE_FEE_STEP = 1 / 8
const BASE_FEE_FIRST = 100

/**
 * Makes a chain for tests: accounts with nonces, a pool of waiting transactions with the rule that a
 * replacement pays 10 % more, blocks that can be taken back, a base fee, and endpoints that lose calls
 * and answers. With a seeded `random` every run repeats exactly.
 *
 * A payload is any JSON. `{ writes: 'text' }` can be looked for in `writes()`; `fails: 'when-tried'`
 * and `fails: 'when-mined'` make it fail there.
 *
 * @example
 * ```ts
 * import { createFakeChain } from '@assay/core/testing'
 *
 * const chain = createFakeChain()
 * chain.sendForeign('0xfake')
 * chain.mine()
 * console.log(chain.height, chain.writes()) // 1 []
 * ```
 */
export function createFakeChain({
  random = createSeededRandom(1),
  finalityDepth = 3,
  blockSize = 100,
  reorgRate = 0,
  dropRate = 0,
  hasMovingFee = false,
  execute = executeByDefault,
}: FakeChainOptions = {}): FakeChain {
  let blocks: FakeBlock[] = []
  let baseFee = BASE_FEE_FIRST
  let blocksMade = 0
  const waiting = new Map<string, FakeWaiting>()
  const unfunded = new Set<string>()

  function admit(one: FakeWaiting): void {
    waiting.set(nameOf(one.transaction), one)
  }

  /** In the order of nonces, as long as each is the account's next one and pays enough. */
  function takeMinable(): FakeWaiting[] {
    const taken: FakeWaiting[] = []
    const next = new Map<string, number>()
    const byNonce = [...waiting.values()].toSorted(
      (a, b) => a.transaction.nonce - b.transaction.nonce,
    )
    for (const one of byNonce) {
      const { account, nonce, fee } = one.transaction
      const expected = next.get(account) ?? nextNonce(blocks, account)
      if (nonce !== expected || fee < baseFee || taken.length === blockSize) continue
      next.set(account, expected + 1)
      waiting.delete(nameOf(one.transaction))
      taken.push(one)
    }
    return taken
  }

  function addBlock(): void {
    blocksMade += 1
    const mined = takeMinable().map(({ hash, transaction }): FakeMined => {
      const { purpose, payload } = transaction
      const { succeeded, receipt } =
        purpose === 'send' ? execute(payload) : { succeeded: true, receipt: null }
      return { hash, transaction, succeeded, receipt }
    })
    blocks.push({ hash: `block-${blocksMade}`, mined })
    for (const [name, { transaction }] of waiting) {
      if (transaction.nonce < nextNonce(blocks, transaction.account)) waiting.delete(name)
    }
  }

  function reorganise(depth: number): void {
    const taken = blocks.slice(-depth)
    blocks = blocks.slice(0, -depth)
    for (const { mined } of taken) {
      for (const one of mined) if (random() >= dropRate) admit(one)
    }
    for (const _ of taken) addBlock()
  }

  const view: FakeChainView = {
    get blocks() {
      return blocks
    },
    get baseFee() {
      return baseFee
    },
    finalityDepth,
    isFunded: (account) => !unfunded.has(account),
    waitingAt: (account, nonce) => waiting.get(`${account} ${nonce}`),
    admit,
  }

  return {
    sender: (options = {}) => createFakeChainSender(view, options),
    mine() {
      if (hasMovingFee) baseFee *= 1 + (2 * random() - 1) * BASE_FEE_STEP
      for (const name of waiting.keys()) if (random() < dropRate) waiting.delete(name)
      if (random() < reorgRate) {
        const depth = Math.min(blocks.length, 1 + Math.floor(random() * finalityDepth))
        if (depth > 0) reorganise(depth)
      }
      addBlock()
    },
    reorganise,
    dropWaiting: () => waiting.clear(),
    sendForeign(account) {
      const nonce = nextNonce(blocks, account)
      const fee = Number.MAX_SAFE_INTEGER
      const transaction = { account, nonce, fee, purpose: 'foreign', payload: null } as const
      admit({ hash: sha256Hex(`foreign ${account} ${nonce}`), transaction })
    },
    setFunded: (account, isFunded) =>
      void (isFunded ? unfunded.delete(account) : unfunded.add(account)),
    setBaseFee: (fee) => void (baseFee = fee),
    executions: () => executionsIn(blocks),
    writes: () => executionsIn(blocks).flatMap(({ payload }) => memberOf(payload, 'writes') ?? []),
    get waiting() {
      return waiting.size
    },
    get height() {
      return blocks.length
    },
  }
}

function executeByDefault(payload: JsonValue): FakeExecution {
  return { succeeded: memberOf(payload, 'fails') !== 'when-mined', receipt: null }
}

function executionsIn(blocks: readonly FakeBlock[]): ReturnType<FakeChain['executions']> {
  return blocks
    .flatMap(({ mined }) => mined)
    .filter(({ succeeded, transaction }) => succeeded && transaction.purpose === 'send')
    .map(({ transaction: { payload }, receipt }) => ({ payload, receipt }))
}

function nameOf({ account, nonce }: FakeTransaction): string {
  return `${account} ${nonce}`
}

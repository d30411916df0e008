import type { BroadcastOutcome } from '../transactions/transaction-sender.ts'
import { readEndpointFault } from './evm-error.ts'

/**
 * What an endpoint's refusal of signed bytes means. Endpoints agree on no codes, so that their words
 * count, as go-ethereum, Erigon, Nethermind, Besu, Reth and anvil write them. What is not recognised is
 * `unknown`: the bytes may have been taken all the same.
 */
export function classifyBroadcast(error: unknown): BroadcastOutcome {
  const { rpcCode, said } = readEndpointFault(error)
  if (rpcCode === undefined) return { outcome: 'unknown' }
  const meaning = MEANINGS.find(({ words }) => words.test(said))
  if (meaning === undefined) return { outcome: 'unknown' }
  return meaning.outcome === 'refused'
    ? { outcome: 'refused', reason: meaning.reason }
    : { outcome: meaning.outcome }
}

type Meaning =
  | {
      readonly words: RegExp
      readonly outcome: Exclude<BroadcastOutcome['outcome'], 'refused' | 'unknown'>
    }
  | { readonly words: RegExp; readonly outcome: 'refused'; readonly reason: string }

/** The first that fits counts: a replacement that pays too little is also a transaction that does. */
const MEANINGS: readonly Meaning[] = [
  {
    words:
      /already known|already imported|known transaction|alreadyknown|already in (the )?(mempool|pool)/,
    outcome: 'accepted',
  },
  {
    words: /nonce too low|nonce is too low|oldnonce|nonce .*already used|invalid nonce.*too low/,
    outcome: 'nonce-used',
  },
  {
    words: /insufficient funds|insufficient balance|upfront cost exceeds|doesn't have enough funds/,
    outcome: 'underfunded',
  },
  {
    words:
      /underpriced|fee too low|feetoolow|gas price too low|less than block base fee|fee cap.*less than|below (the )?base ?fee|replacement.*(not enough|too low)/,
    outcome: 'underpriced',
  },
  {
    words: /intrinsic gas too low|intrinsic gas|gas too low/,
    outcome: 'refused',
    reason: 'gas-too-low',
  },
  {
    words:
      /exceeds block gas limit|gas limit too high|exceeds transaction gas cap|gas limit.*(cap|exceed)/,
    outcome: 'refused',
    reason: 'gas-too-high',
  },
  { words: /exceeds the configured cap/, outcome: 'refused', reason: 'fee-above-node-cap' },
  {
    words: /oversized data|max initcode size|transaction too large/,
    outcome: 'refused',
    reason: 'too-large',
  },
  {
    words:
      /invalid sender|invalid signature|invalid chain ?id|chain ?id.*mismatch|invalid transaction v/,
    outcome: 'refused',
    reason: 'invalid-signature',
  },
  {
    words: /type not supported|unsupported transaction type/,
    outcome: 'refused',
    reason: 'type-not-supported',
  },
]

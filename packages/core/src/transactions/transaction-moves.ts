import type { JsonValue } from './json-value.ts'
import type { TransactionMove } from './transaction-store.ts'
import type {
  FinalTransactionState,
  MinedAttempt,
  Transaction,
  TransactionAttempt,
  TransactionState,
} from './transaction.ts'

/** The state machine: from each state to those that may follow. A final state has no followers. */
const TRANSACTION_ARROWS: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  queued: ['assigned', 'rejected', 'superseded', 'abandoned'],
  assigned: ['assigned', 'signed', 'mined', 'conflict'],
  signed: ['assigned', 'broadcasting', 'mined', 'conflict'],
  broadcasting: ['assigned', 'signed', 'broadcasting', 'in-flight', 'mined', 'conflict'],
  'in-flight': ['assigned', 'signed', 'in-flight', 'mined', 'conflict'],
  mined: ['mined', 'broadcasting', 'confirmed', 'reverted', 'abandoned', 'conflict'],
  confirmed: [],
  reverted: [],
  rejected: [],
  superseded: [],
  abandoned: [],
  conflict: [],
}

/** Gives it a nonce. */
export function assignNonce(
  transaction: Transaction,
  { nonce, prepared, now }: { nonce: bigint; prepared: JsonValue; now: number },
): TransactionMove {
  return move(transaction, 'assigned', { nonce, prepared, updatedAt: now })
}

/** Gives a nonce that nobody here used to what only fills it. */
export function assignFiller(
  transaction: Transaction,
  nonce: bigint,
  now: number,
): TransactionMove {
  return move(transaction, 'assigned', { nonce, reason: 'fills-gap', updatedAt: now })
}

/** Adds an attempt, which has not been sent. A newer payload may come with it. */
export function addAttempt(
  transaction: Transaction,
  attempt: TransactionAttempt,
  renewed: Partial<Pick<Transaction, 'payload' | 'prepared' | 'covers'>> = {},
): TransactionMove {
  const attempts = [...transaction.attempts, attempt]
  return move(transaction, 'signed', { ...renewed, attempts, updatedAt: attempt.signedAt })
}

/** From here on its bytes may be out. */
export function beginBroadcast(transaction: Transaction, now: number): TransactionMove {
  const { length } = transaction.attempts
  return move(transaction, 'broadcasting', { sentAttempts: length, sentAt: now, updatedAt: now })
}

/** An endpoint has its bytes. */
export function noteAccepted(transaction: Transaction, now: number): TransactionMove {
  return move(transaction, 'in-flight', { sentAt: now, updatedAt: now })
}

/** Its bytes were sent once more, and nothing else is known. */
export function noteSentAgain(transaction: Transaction, now: number): TransactionMove {
  return move(transaction, transaction.state, { sentAt: now, updatedAt: now })
}

/** An attempt is in a block, or in another one than before. */
export function noteMined(
  transaction: Transaction,
  mined: MinedAttempt,
  now: number,
): TransactionMove {
  return move(transaction, 'mined', { mined, updatedAt: now })
}

/** The block that it was in has been taken back: what was sent is sent again. */
export function noteReorganised(transaction: Transaction, now: number): TransactionMove {
  return move(transaction, 'broadcasting', { mined: null, updatedAt: now })
}

/** None of its attempts can land any more: it keeps its nonce, and is signed anew. */
export function noteExpired(transaction: Transaction, now: number): TransactionMove {
  return move(transaction, 'assigned', { updatedAt: now })
}

/**
 * Does without it. What has a nonce needs an attempt that takes it away; the attempts that were not
 * sent yet are forgotten, so that nobody ever sends them.
 */
export function beginCancel(
  transaction: Transaction,
  { reason, now }: { reason: string; now: number },
): TransactionMove {
  const { state, attempts, sentAttempts } = transaction
  if (state === 'queued') return move(transaction, 'abandoned', { reason, updatedAt: now })
  return move(transaction, 'assigned', {
    purpose: 'cancel',
    covers: [],
    attempts: attempts.slice(0, sentAttempts),
    reason,
    updatedAt: now,
  })
}

/** Ends what is in a final block. */
export function noteFinal(
  transaction: Transaction,
  mined: MinedAttempt,
  now: number,
): TransactionMove {
  return move(transaction, finalStateOf(transaction, mined), { mined, updatedAt: now })
}

/** Ends what never got a nonce, or lost it. */
export function end(
  transaction: Transaction,
  state: Exclude<FinalTransactionState, 'confirmed' | 'reverted'>,
  { reason, now }: { reason: string | null; now: number },
): TransactionMove {
  const mined = state === 'conflict' ? null : transaction.mined
  return move(transaction, state, { mined, reason, updatedAt: now })
}

function finalStateOf({ attempts }: Transaction, mined: MinedAttempt): FinalTransactionState {
  const attempt = attempts.find(({ hash }) => hash === mined.hash)
  if (attempt?.purpose === 'cancel') return 'abandoned'
  return mined.succeeded ? 'confirmed' : 'reverted'
}

function move(
  transaction: Transaction,
  state: TransactionState,
  patch: Partial<Transaction>,
): TransactionMove {
  const { state: from, revision, id } = transaction
  if (!TRANSACTION_ARROWS[from].includes(state)) {
    throw new Error(`Transaction ${id} cannot go from ${from} to ${state}.`)
  }
  return { revision, next: { ...transaction, ...patch, state, revision: revision + 1 } }
}

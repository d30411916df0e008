import { createTransactionManager } from '@assay/core'
import { createPostgresTransactionStore } from '@assay/core/postgres'
import { createFakeChain } from '@assay/core/testing'
import { createOracleClient, type OracleContract } from '@assay/oracle'
import { createPostgresOracleCallStore, migrations } from '@assay/oracle/postgres'

import { createBenchDatabase } from '../bench-database.ts'
import { atLeast, type Figure } from '../figure.ts'
import { median } from '../interleave.ts'
import { intentsOf } from './market-peers.ts'

const COUNT = 5_000
const ROUNDS = 5
/** Callers that each wait for the answer before they ask again. */
const CALLERS = 64

export const figure: Figure = {
  id: 'oracle.enqueue',
  targets: [atLeast(3_000, 'calls/s')],
  // Calls that are stored for good once `submit` resolves; the peer is the bare insert of a row each.
  async measure() {
    const database = await createBenchDatabase(migrations)
    const chain = createFakeChain()
    const oracle = createOracleClient({
      transactions: createTransactionManager({
        sender: chain.sender(),
        store: createPostgresTransactionStore(database.client),
      }),
      store: createPostgresOracleCallStore(database.client),
      contract: anyContract,
    })
    await database.client.query('create table bare_calls (key text primary key, call jsonb)')
    const rates: number[] = []
    const bareRates: number[] = []
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const intents = intentsOf(COUNT, round)
        rates.push(await rateOf(intents, (intent) => oracle.submit(intent)))
        bareRates.push(
          await rateOf(intents, ({ idempotencyKey, args }) =>
            database.client.query('insert into bare_calls values ($1, $2)', [
              idempotencyKey,
              JSON.stringify(args),
            ]),
          ),
        )
      }
    } finally {
      await oracle.close()
      await database.drop()
    }
    return {
      value: median(rates),
      unit: 'calls/s',
      peers: { 'bare insert': median(bareRates) },
      n: COUNT * ROUNDS,
    }
  },
}

const anyContract: OracleContract = {
  key: 'bench:1/0x0',
  capacity: 200,
  check: ({ market, args }) => ({ market, args: args.map(String), bps: Number(args[1]) }),
  encode: () => null,
  decode: () => [],
}

async function rateOf<Item>(
  items: readonly Item[],
  submit: (item: Item) => Promise<unknown>,
): Promise<number> {
  const waiting = [...items]
  const begun = performance.now()
  const caller = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await submit(next)
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return (items.length / (performance.now() - begun)) * 1_000
}

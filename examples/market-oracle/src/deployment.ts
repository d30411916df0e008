import {
  marketOracleAbi,
  marketOracleBytecode,
  oracleBatcherAbi,
  oracleBatcherBytecode,
} from '@assay/oracle/contracts'
import { ANVIL_KEYS } from '@assay/test-servers/start-anvil'
import { type Address, createWalletClient, type Hex, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'

/** Where the contracts stand. */
export interface Deployment {
  readonly oracle: Address
  readonly batcher: Address
}

/** The account that writes prices. */
export const UPDATER_KEY = ANVIL_KEYS[1]

/** Deploys an oracle and its batcher, and lets the updater write through it. */
export async function deploy(url: string): Promise<Deployment> {
  const owner = ownerOf(url)
  const mined = async (hash: Hex) => owner.waitForTransactionReceipt({ hash })
  const addressOf = async (hash: Hex): Promise<Address> => {
    const { contractAddress } = await mined(hash)
    if (contractAddress == null) throw new Error('The contract was not deployed.')
    return contractAddress
  }
  const oracle = await addressOf(
    await owner.deployContract({ abi: marketOracleAbi, bytecode: marketOracleBytecode }),
  )
  const batcher = await addressOf(
    await owner.deployContract({ abi: oracleBatcherAbi, bytecode: oracleBatcherBytecode }),
  )
  const updater = privateKeyToAccount(UPDATER_KEY).address
  await mined(
    await owner.writeContract({
      address: oracle,
      abi: marketOracleAbi,
      functionName: 'setUpdater',
      args: [batcher, true],
    }),
  )
  await mined(
    await owner.writeContract({
      address: batcher,
      abi: oracleBatcherAbi,
      functionName: 'setOperator',
      args: [updater, true],
    }),
  )
  return { oracle, batcher }
}

/** Every write that the oracle has taken, in order. */
export async function readWrites(
  url: string,
  { oracle }: Deployment,
): Promise<readonly { readonly market: Address; readonly bps: number }[]> {
  const events = await ownerOf(url).getContractEvents({
    address: oracle,
    abi: marketOracleAbi,
    eventName: 'RaffleProbabilityUpdated',
    fromBlock: 0n,
    strict: true,
  })
  return events.map(({ args }) => ({ market: args.fpmm, bps: Number(args.bps) }))
}

function ownerOf(url: string) {
  return createWalletClient({
    account: privateKeyToAccount(ANVIL_KEYS[0]),
    chain: foundry,
    transport: http(url),
    pollingInterval: 50,
  }).extend(publicActions)
}

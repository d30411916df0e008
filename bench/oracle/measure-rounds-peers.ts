import type { Measurement } from '../figure.ts'
import { median } from '../interleave.ts'
import type { OracleBench } from './market-peers.ts'

const ROUNDS = 5

/** Ours and viem by turns; the median round of each counts. The first round of both warms up. */
export async function measureRounds(
  bench: OracleBench,
  counts: { readonly ours: number; readonly viem: number },
): Promise<Measurement> {
  const ours: number[] = []
  const viem: number[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ourMs = await bench.writeDurably(counts.ours)
    const viemMs = await bench.writeByViem(counts.viem)
    if (round === 0) continue
    ours.push((counts.ours / ourMs) * 1_000)
    viem.push((counts.viem / viemMs) * 1_000)
  }
  return {
    value: median(ours),
    unit: 'updates/s',
    peers: { viem: median(viem) },
    n: counts.ours * ROUNDS,
  }
}

/** One of those that are compared: runs its operation `operations` times. */
export type Contender = (operations: number) => Promise<void> | void

export interface InterleaveOptions {
  readonly operations: number
  /** Measured rounds, after {@link warmUpRounds} that are thrown away. Default 25. */
  readonly rounds?: number
}

const warmUpRounds = 5

/**
 * Times every contender in every round, each round beginning with another one, and returns the
 * median of each in nanoseconds an operation. Whatever else the machine does then hits all alike.
 */
export async function interleave<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { operations, rounds = 25 }: InterleaveOptions,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >

  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length] as Name
      globalThis.gc?.()
      const startedAt = process.hrtime.bigint()
      await contenders[name](operations)
      const elapsedNs = Number(process.hrtime.bigint() - startedAt)
      if (round >= warmUpRounds) samples[name].push(elapsedNs / operations)
    }
  }

  return Object.fromEntries(names.map((name) => [name, median(samples[name])])) as Record<
    Name,
    number
  >
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

import { atMostTimes, type Figure, timesLessThan } from '../figure.ts'
import { interleave } from '../interleave.ts'
import { createCockatiel, createOpossum, createOurs, work } from './breaker-peers.ts'

const operations = 100_000

export const figure: Figure = {
  id: 'breaker.success',
  targets: [atMostTimes(2, 'bare'), timesLessThan(3, 'opossum'), atMostTimes(1, 'cockatiel')],
  async measure() {
    const ours = createOurs({ name: 'bench' })
    const opossum = createOpossum()
    const cockatiel = createCockatiel()

    const { value, ...peers } = await interleave(
      {
        value: async (n) => {
          for (let i = 0; i < n; i += 1) await ours.execute(work)
        },
        bare: async (n) => {
          for (let i = 0; i < n; i += 1) await work()
        },
        opossum: async (n) => {
          for (let i = 0; i < n; i += 1) await opossum.fire(work)
        },
        cockatiel: async (n) => {
          for (let i = 0; i < n; i += 1) await cockatiel.execute(work)
        },
      },
      { operations },
    )
    opossum.shutdown()
    return { value, unit: 'ns', peers, n: operations }
  },
}

import { type Figure, timesLessThan } from '../figure.ts'
import { interleave } from '../interleave.ts'
import { createOpossum, createOurs, work } from './breaker-peers.ts'

const operations = 50_000

export const figure: Figure = {
  id: 'breaker.timeout',
  targets: [timesLessThan(2, 'opossum')],
  async measure() {
    const ours = createOurs({ name: 'bench', callTimeoutMs: 10_000 })
    const opossum = createOpossum({ timeout: 10_000 })

    const { value, ...peers } = await interleave(
      {
        value: async (n) => {
          for (let i = 0; i < n; i += 1) await ours.execute(work)
        },
        opossum: async (n) => {
          for (let i = 0; i < n; i += 1) await opossum.fire(work)
        },
      },
      { operations },
    )
    opossum.shutdown()
    return { value, unit: 'ns', peers, n: operations }
  },
}

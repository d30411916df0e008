import { type Figure, timesLessThan } from '../figure.ts'
import { interleave } from '../interleave.ts'
import { createCockatiel, createOpossum, createOurs, work } from './breaker-peers.ts'

const operations = 30_000

export const figure: Figure = {
  id: 'breaker.rejection',
  targets: [timesLessThan(2, 'opossum'), timesLessThan(2, 'cockatiel')],
  async measure() {
    const ours = createOurs({ name: 'bench' })
    ours.forceOpen()
    const opossum = createOpossum()
    opossum.open()
    const cockatiel = createCockatiel()
    cockatiel.isolate()

    const { value, ...peers } = await interleave(
      {
        value: (n) => rejectEach(n, () => ours.execute(work)),
        opossum: (n) => rejectEach(n, () => opossum.fire(work)),
        cockatiel: (n) => rejectEach(n, () => cockatiel.execute(work)),
      },
      { operations },
    )
    opossum.shutdown()
    return { value, unit: 'ns', peers, n: operations }
  },
}

async function rejectEach(times: number, call: () => Promise<unknown>): Promise<void> {
  let rejections = 0
  for (let i = 0; i < times; i += 1) {
    try {
      await call()
    } catch {
      rejections += 1
    }
  }
  if (rejections !== times) throw new Error('A call passed through an open circuit.')
}

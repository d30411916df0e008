/** Heap bytes that one object holds: the growth of the heap over `count` of them, kept alive. */
export async function heapBytesEach(
  count: number,
  make: (index: number) => unknown,
): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Run with --expose-gc.')
  const kept: unknown[] = Array.from({ length: count }, () => undefined)
  await gc({ execution: 'async' })
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < count; index += 1) kept[index] = await make(index)
  await gc({ execution: 'async' })
  const after = process.memoryUsage().heapUsed
  // Reading the array here keeps it, and all that it holds, alive until the heap was measured.
  if (kept.length !== count) throw new Error('The kept objects are gone.')
  return (after - before) / count
}

const NUMBER = /^[\d,.%]*$/

/**
 * Lays text out in columns: numbers to the right, everything else to the left.
 *
 * @param head what stands above each column
 * @param rows as many cells each as the head has
 */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((name, at) => {
    const cells = rows.map((row) => row[at] ?? '')
    const width = Math.max(name.length, ...cells.map((cell) => cell.length))
    return cells.every((cell) => NUMBER.test(cell))
      ? (text: string) => text.padStart(width)
      : (text: string) => text.padEnd(width)
  })
  const lineOf = (cells: readonly string[]): string =>
    columns
      .map((pad, at) => pad(cells[at] ?? ''))
      .join('   ')
      .trimEnd()
  return [lineOf(head), ...rows.map(lineOf)].join('\n')
}

/** A whole number with its thousands marked. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

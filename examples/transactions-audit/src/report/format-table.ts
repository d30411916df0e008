const NUMBER = /^[\d,]*$/

/**
 * Lays text out in columns: numbers to the right, everything else to the left.
 *
 * @param rows as many cells each as the first, which may be a head
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = (rows[0] ?? []).map((_, at) => {
    const cells = rows.map((row) => row[at] ?? '')
    const width = Math.max(...cells.map((cell) => cell.length))
    const isNumeric = cells.slice(1).every((cell) => NUMBER.test(cell))
    return (text: string) => (isNumeric ? text.padStart(width) : text.padEnd(width))
  })
  return rows
    .map((row) =>
      columns
        .map((pad, at) => pad(row[at] ?? ''))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

/** A whole number with its thousands marked. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

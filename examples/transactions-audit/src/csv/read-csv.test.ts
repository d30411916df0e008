import { describe, expect, it } from 'vitest'

import type { CsvRow } from './csv-row.ts'
import { readCsv } from './read-csv.ts'

async function* piecesOf(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length)
}

async function read(text: string, pieceLength = 7) {
  const rows: CsvRow[] = []
  let header: readonly string[] = []
  for await (const batch of readCsv(piecesOf(text, pieceLength))) {
    header = batch.header
    rows.push(...batch.rows)
  }
  return { header, rows }
}

/** The rows as `line: cell|cell` or `line! kind`. */
async function outline(text: string, pieceLength?: number): Promise<string[]> {
  const { rows } = await read(text, pieceLength)
  return rows.map((row) =>
    'fault' in row ? `${row.line}! ${row.fault.kind}` : `${row.line}: ${row.cells.join('|')}`,
  )
}

describe('readCsv', () => {
  it('reads the header and the rows with their lines', async () => {
    const { header, rows } = await read('id,amount\na,1\nb,2\n')

    expect(header).toEqual(['id', 'amount'])
    expect(rows).toEqual([
      { line: 2, text: 'a,1', cells: ['a', '1'] },
      { line: 3, text: 'b,2', cells: ['b', '2'] },
    ])
  })

  it('gives the same rows however the text is cut into pieces', async () => {
    const text = 'id,note\r\n1,"a ""b"", c"\r\n2,"two\r\nlines"\r\n\r\n3,é€😀\r\n4,last'
    const whole = await outline(text, text.length)

    expect(whole).toEqual(['2: 1|a "b", c', '3: 2|two\nlines', '6: 3|é€😀', '7: 4|last'])
    for (let length = 1; length < 12; length += 1) {
      expect(await outline(text, length)).toEqual(whole)
    }
  })

  it('reads a file without rows, and refuses one without a header', async () => {
    expect(await outline('id,amount')).toEqual([])
    await expect(outline('')).rejects.toThrow('The file has no header: it is empty.')
    await expect(outline('\n\n')).rejects.toThrow('it is empty')
    await expect(outline('"id,amount\n1,2')).rejects.toThrow('malformed quotes')
  })

  it('refuses a row with the wrong number of cells and reads those after it', async () => {
    const { rows } = await read('a,b\n1\n1,2,3\n1,2\n')

    expect(rows).toEqual([
      {
        line: 2,
        text: '1',
        fault: { kind: 'wrong number of cells', detail: '1 where the header has 2' },
      },
      {
        line: 3,
        text: '1,2,3',
        fault: { kind: 'wrong number of cells', detail: '3 where the header has 2' },
      },
      { line: 4, text: '1,2', cells: ['1', '2'] },
    ])
  })

  it('loses only the line of a quote that is never closed', async () => {
    const rows = Array.from({ length: 3_000 }, (_, at) => `${at},${'x'.repeat(40)}`)
    rows[1] = '1,"open'

    const read = await outline(`a,b\n${rows.join('\n')}\n`, 5_000)

    expect(read).toHaveLength(3_000)
    expect(read.filter((row) => row.includes('!'))).toEqual(['3! malformed quotes'])
  })

  it('loses only the line of a quote that opens near the end', async () => {
    expect(await outline('a,b\n1,"open\n2,2\n3,3')).toEqual([
      '2! malformed quotes',
      '3: 2|2',
      '4: 3|3',
    ])
  })

  it('loses only the lines of two stray quotes, and keeps those between them', async () => {
    expect(await outline('a,b\n1,x"y\n2,2\n3,x"y\n4,4\n')).toEqual([
      '2! malformed quotes',
      '3: 2|2',
      '4! malformed quotes',
      '5: 4|4',
    ])
  })

  it('refuses a cell of 10 MB without holding it, and reads what follows', async () => {
    const { rows } = await read(`a,b\n1,${'9'.repeat(10_000_000)}\n2,2\n`, 65_536)

    expect(rows).toMatchObject([
      { line: 2, fault: { kind: 'too long' } },
      { line: 3, cells: ['2', '2'] },
    ])
    expect(rows[0]?.text.length).toBeLessThanOrEqual(65_536)
  })

  it('refuses a quoted cell of 10 MB in many lines line by line', async () => {
    const lines = Array.from({ length: 1_000 }, () => 'y'.repeat(10_000))
    const read = await outline(`a,b\n1,"${lines.join('\n')}"\n2,2\n`, 65_536)

    expect(read.at(0)).toBe('2! malformed quotes')
    expect(read.at(-1)).toBe('1002: 2|2')
    expect(read).toHaveLength(1_001)
  })

  it('keeps NUL and control characters as they are, for the fields to refuse', async () => {
    const { rows } = await read('a,b\n1,x\u{0}y\n2,\u{1b}[31m\n')

    expect(rows).toMatchObject([{ cells: ['1', 'x\u{0}y'] }, { cells: ['2', '\u{1b}[31m'] }])
  })

  it('refuses a row that is not UTF-8', async () => {
    expect(await outline('a,b\n1,M\u{fffd}ller\n2,2\n')).toEqual(['2! not UTF-8', '3: 2|2'])
  })
})

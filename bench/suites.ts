import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Figure } from './figure.ts'

/** Each is a folder of files, every one of which exports a `figure`. */
export const suites: readonly string[] = ['alerts', 'core', 'detectors', 'oracle']

/** The files of a suite that hold a figure; `*-peers.ts` are what figures share. */
export function figureFiles(suite: string): string[] {
  return readdirSync(join(import.meta.dirname, suite))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('-peers.ts'))
    .toSorted()
}

export async function loadFigure(suite: string, file: string): Promise<Figure> {
  const module = (await import(join(import.meta.dirname, suite, file))) as { figure: Figure }
  return module.figure
}

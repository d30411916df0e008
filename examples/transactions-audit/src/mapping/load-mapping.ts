import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { CannotRunError, systemCode } from '../cli/cannot-run-error.ts'
import { printable } from '../report/printable.ts'
import { festival } from './festival.ts'
import { type Mapping, mappingSchema } from './mapping.ts'
import { paysim } from './paysim.ts'

/** The mappings that need no file, by name. */
export const builtInMappings: Readonly<Record<string, Mapping>> = { festival, paysim }

/** A mapping with what it is called in reports. */
export interface NamedMapping {
  readonly name: string
  readonly mapping: Mapping
}

/**
 * Finds the mapping that `--mapping` asks for.
 *
 * @param nameOrPath the name of a built-in mapping, or the path of a JSON file
 * @param cwd where a relative path starts
 * @throws {@link CannotRunError} when there is no such mapping, or it is malformed
 */
export async function loadMapping(nameOrPath: string, cwd: string): Promise<NamedMapping> {
  const builtIn = Object.entries(builtInMappings).find(([name]) => name === nameOrPath)?.[1]
  const name = printable(nameOrPath)
  if (builtIn !== undefined) return { name, mapping: builtIn }

  const parsed = mappingSchema.safeParse(
    parseJson(await readMapping(resolve(cwd, nameOrPath), name), name),
  )
  if (parsed.success) return { name, mapping: parsed.data }
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.')
  const fault = place === undefined || place === '' ? issue?.message : `${place}: ${issue?.message}`
  throw invalid(`The mapping ${name} is malformed: ${printable(fault ?? '', 200)}`)
}

async function readMapping(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const names = Object.keys(builtInMappings).join(', ')
    throw invalid(
      systemCode(error) === 'ENOENT'
        ? `There is no mapping ${name}: give ${names} or the path of a JSON file`
        : `The mapping ${name} cannot be read: ${systemCode(error)}`,
    )
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(`The mapping ${name} is not JSON`)
  }
}

function invalid(sentence: string): CannotRunError {
  return new CannotRunError('AUDIT_MAPPING_INVALID', `${sentence}.`)
}

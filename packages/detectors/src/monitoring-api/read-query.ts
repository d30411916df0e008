import type { z } from 'zod'

import { ApiRefusalError } from './api-refusal-error.ts'

/**
 * The parameters behind a path, as a schema wants them. One that is not known, or stands there twice,
 * is refused: ignored, it would answer another question than the one that was asked.
 *
 * @param schema whose field names are the names that are known
 */
export function readQuery<Query>(
  { search, searchParams }: URL,
  schema: z.ZodType<Query> & { readonly shape: Readonly<Record<string, unknown>> },
): Query {
  assertDecodable(search)
  const names = Object.keys(schema.shape)
  const given = new Map<string, string>()
  for (const [name, value] of searchParams) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'There is none here' : `Known are ${names.join(', ')}`
      throw invalid(`A parameter of the query is not known. ${known}.`)
    }
    if (given.has(name)) throw invalid(`${name} may be given once.`)
    given.set(name, value)
  }
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  throw invalid(`${sentenceOf(parsed.error)}.`)
}

/** What is wrong, by names of fields that we chose; it never repeats a name or value that was sent. */
export function sentenceOf({ issues }: z.ZodError): string {
  return issues
    .map(({ code, path, message }) => {
      if (code === 'unrecognized_keys') return 'there are fields that are not known'
      return path.length === 0 ? message : `${path.join('.')} ${message}`
    })
    .join('; ')
}

/** Bytes that are not UTF-8 would be replaced, and the search would be for something else. */
function assertDecodable(search: string): void {
  try {
    decodeURIComponent(search)
  } catch {
    throw invalid('The query must be percent-encoded UTF-8.')
  }
}

function invalid(message: string): ApiRefusalError {
  return new ApiRefusalError('MONITORING_QUERY_INVALID', 400, message)
}

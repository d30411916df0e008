import { idSchema } from '../ledger/ledger-entry.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import type { ApiSettings } from './api-settings.ts'

/**
 * Lets a request in, or throws. Whatever is not clearly a name refuses: a hook that returns `true` by
 * mistake lets nobody in.
 *
 * @returns who asks; for a read that is open to all, nobody in particular
 */
export async function authorizeRequest(
  { authorize, authorizeReads, cors, logger }: ApiSettings,
  request: Request,
  action: 'read' | 'write',
): Promise<string> {
  if (action === 'read' && !authorizeReads) return 'anyone'
  // Cookies go with a form that any page sends, and no preflight asks before it.
  if (action === 'write' && isOfStranger(request, cors.allows)) {
    throw new ApiRefusalError(
      'MONITORING_ORIGIN_REFUSED',
      403,
      'Pages of this origin may not change anything here.',
    )
  }
  // A host without types may have left the hook out, and then nobody is known.
  const actor: unknown = (await authorize?.(request, action)) ?? null
  const name = idSchema.safeParse(actor)
  if (name.success) return name.data
  if (actor !== null) logger.warn({ action }, 'What authorize returned is no name.')
  throw new ApiRefusalError('MONITORING_FORBIDDEN', 403, 'You may not do this.')
}

/** Whether a web page sent it that is neither of this host nor of an origin that is let in. */
function isOfStranger({ headers, url }: Request, allows: (origin: string) => boolean): boolean {
  const origin = headers.get('origin')
  if (origin === null || allows(origin)) return false
  // Scripts cannot write this one; behind a proxy it knows the host better than the URL does.
  if (headers.get('sec-fetch-site') === 'same-origin') return false
  const host = URL.parse(origin)?.host
  return host === undefined || host !== URL.parse(url)?.host
}

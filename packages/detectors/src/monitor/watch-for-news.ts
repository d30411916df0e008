import type { Logger } from '@assay/core'

import type { EventSource } from './event-source.ts'

/**
 * Hears the news of a source. One that tells none, or cannot at present, is polled: nothing waits here
 * until it can be heard.
 *
 * @param source may be watched or not
 * @param onNews called when there may be something to read, and once as soon as the source is heard:
 *   nobody has told of what came until then
 * @returns ends it
 */
export function watchForNews(
  source: EventSource,
  onNews: () => void,
  logger: Logger,
): () => Promise<void> {
  let isEnded = false
  let end: (() => Promise<void>) | undefined

  async function hear(): Promise<void> {
    const endWatch = await source.watch?.(onNews)
    if (isEnded) await endWatch?.()
    else {
      end = endWatch
      if (endWatch !== undefined) onNews()
    }
  }

  hear().catch((error: unknown) => {
    logger.warn({ err: error, source: source.id }, 'A source tells no news; it is polled.')
  })
  return async () => {
    isEnded = true
    await end?.()
  }
}

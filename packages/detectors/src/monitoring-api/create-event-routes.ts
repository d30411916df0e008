import { isAssayError } from '@assay/core'

import { type ApiAnswer, jsonAnswer } from './api-answer.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import { type ApiCall, type ApiRoute, route } from './api-route.ts'
import type { ApiSettings } from './api-settings.ts'
import { eventJson } from './monitoring-json.ts'
import { readJsonBody } from './read-json-body.ts'
import type { RequestReaders } from './request-readers.ts'

/** Makes the routes on which people find events, and take them on. */
export function createEventRoutes(
  { repository, clock, logger }: Pick<ApiSettings, 'repository' | 'clock' | 'logger'>,
  read: RequestReaders,
): readonly ApiRoute[] {
  async function listEvents({ url }: ApiCall): Promise<ApiAnswer> {
    const filter = read.eventFilter(url)
    const { events, next } = await repository.listEvents(filter).catch((error: unknown) => {
      throw isAboutCursor(error) ? unknownPage() : error
    })
    return jsonAnswer(200, { events: events.map(eventJson), next })
  }

  async function showEvent({ url, id }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    const event = await repository.getEvent(id)
    if (event === null) throw unknownEvent()
    return jsonAnswer(200, eventJson(event))
  }

  async function changeEvent({ request, url, id, actor }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    const change = read.eventChange(await readJsonBody(request, clock))
    const changed = await repository.updateEvent({
      ...change,
      eventId: id,
      by: actor,
      now: clock.now(),
    })
    if (changed === 'unknown') throw unknownEvent()
    if (changed === 'conflict') {
      const message = 'The event has ended, and does not change any more.'
      throw new ApiRefusalError('MONITORING_EVENT_ENDED', 409, message)
    }
    logger.info({ actor, eventId: id, status: change.status }, 'The status of an event changed.')
    return jsonAnswer(200, eventJson(changed))
  }

  return [
    route('/events', { GET: listEvents }),
    route('/events/:id', { GET: showEvent, PATCH: changeEvent }),
  ]
}

/** Only a repository knows what its cursors look like, and says so of one that is none of its own. */
function isAboutCursor(error: unknown): boolean {
  return isAssayError(error, 'INVALID_OPTION') && error.context['option'] === 'after'
}

function unknownPage(): ApiRefusalError {
  const message = 'after must be the `next` of a page.'
  return new ApiRefusalError('MONITORING_QUERY_INVALID', 400, message)
}

function unknownEvent(): ApiRefusalError {
  return new ApiRefusalError('MONITORING_EVENT_UNKNOWN', 404, 'There is no event of this id.')
}

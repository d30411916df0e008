/** Counter by `method`, `route` and `status`: requests that were answered. */
export const HTTP_REQUESTS_TOTAL = 'http_requests_total'
/** Histogram in seconds by `method` and `route`: from the request's arrival to its answer. */
export const HTTP_REQUEST_DURATION_SECONDS = 'http_request_duration_seconds'
/** Gauge: open connections of Node servers, and requests under way in fetch handlers. */
export const ACTIVE_CONNECTIONS = 'active_connections'

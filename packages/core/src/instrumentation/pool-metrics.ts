/** Gauge by `pool`: connections that are lent to a query or a transaction. */
export const DB_POOL_ACTIVE_CONNECTIONS = 'db_pool_active_connections'
/** Gauge by `pool`: open connections that wait for work. */
export const DB_POOL_IDLE_CONNECTIONS = 'db_pool_idle_connections'
/** Gauge by `pool`: how many connections the pool may open. */
export const DB_POOL_MAX_CONNECTIONS = 'db_pool_max_connections'
/** Gauge by `pool`: queries and transactions that wait for a connection. */
export const DB_POOL_PENDING_QUERIES = 'db_pool_pending_queries'
/** Counter by `pool` and `operation`: statements that were sent. */
export const DB_QUERIES_TOTAL = 'db_queries_total'
/** Histogram in seconds by `pool` and `operation`: from the call to the answer, waiting included. */
export const DB_QUERY_DURATION_SECONDS = 'db_query_duration_seconds'
/** Counter by `pool` and `code`: statements that failed, by SQLSTATE. */
export const DB_ERRORS_TOTAL = 'db_errors_total'

export type {
  Authorize,
  MonitoringHandlerOptions,
  ScrapedRegistry,
} from '../monitoring-api/api-settings.ts'
export type { CorsOptions } from '../monitoring-api/cors-policy.ts'
export { createMonitoringHandler } from '../monitoring-api/create-monitoring-handler.ts'
export type { HealthReason, HealthVerdict } from '../monitoring-api/health-verdict.ts'
export {
  type NodeApiRequest,
  type NodeApiResponse,
  toNodeListener,
} from '../monitoring-api/to-node-listener.ts'

export {
  createOpossumCircuitBreaker,
  type OpossumCircuitBreakerOptions,
} from './create-opossum-circuit-breaker.ts'
export type { OpossumBreaker } from './opossum-breaker.ts'
export { runWork } from './run-work.ts'

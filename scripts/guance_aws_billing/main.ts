/** What AWS accounts cost, from Cost Explorer. */
export { BillingCollector, type BillingOptions } from './collector.ts'

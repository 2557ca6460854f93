/** CloudWatch metrics into Guance: one stage a file, in the order discover → packs → plan → fetch → points. */
export { CloudwatchCollector } from './collector.ts'

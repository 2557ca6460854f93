/** Groups of CloudWatch Logs as logs, and what Lambda's reports in them say by function and minute. */
export { CloudwatchLogsCollector } from './collector.ts'

/** AWS Lambda functions as objects, and the Startup template that collects them with their metrics. */
export { LambdaCollector } from './collector.ts'

/** AWS Lambda functions as objects, and the Startup template that collects them with their metrics. */
export { LambdaCollector, type LambdaOptions } from './collector.ts'
export type { FilteredFunction, FunctionFilter } from './function-choice.ts'

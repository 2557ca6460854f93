/** The dimension names that tell one series of a metric from another; sorted. */
export type Grain = readonly string[]

/** What a collector with default parameters promises for one metric. */
interface Promised {
  readonly statistics: readonly string[]
  readonly grain: Grain
}

const COUNT = ['Sum']
const DURATION = ['Average', 'Maximum', 'SampleCount', 'p90', 'p99']
const AGE = ['Average', 'Maximum']
const GAUGE = ['Maximum']

const BY_LAMBDA: Grain = ['FunctionName']
const BY_RESOURCE: Grain = ['FunctionName', 'Resource']
const BY_MAPPING: Grain = ['EventSourceMappingUUID']
const BY_REGION: Grain = []

/**
 * The 19 metrics of the integration's page with the statistics and the grain that the default configuration delivers.
 * Written by hand from the documentation, apart from the product's own catalogue, which it is there to prove.
 */
export const PROMISED: Readonly<Record<string, Promised>> = {
  Invocations: { statistics: COUNT, grain: BY_LAMBDA },
  Errors: { statistics: COUNT, grain: BY_LAMBDA },
  DeadLetterErrors: { statistics: COUNT, grain: BY_LAMBDA },
  DestinationDeliveryFailures: { statistics: COUNT, grain: BY_LAMBDA },
  Throttles: { statistics: COUNT, grain: BY_LAMBDA },
  ProvisionedConcurrencyInvocations: { statistics: COUNT, grain: BY_RESOURCE },
  ProvisionedConcurrencySpilloverInvocations: { statistics: COUNT, grain: BY_RESOURCE },
  RecursiveInvocationsDropped: { statistics: COUNT, grain: BY_LAMBDA },
  Duration: { statistics: DURATION, grain: BY_LAMBDA },
  PostRuntimeExtensionsDuration: { statistics: DURATION, grain: BY_LAMBDA },
  IteratorAge: { statistics: AGE, grain: BY_LAMBDA },
  OffsetLag: { statistics: GAUGE, grain: BY_LAMBDA },
  ConcurrentExecutions: { statistics: GAUGE, grain: BY_LAMBDA },
  ProvisionedConcurrentExecutions: { statistics: GAUGE, grain: BY_RESOURCE },
  ProvisionedConcurrencyUtilization: { statistics: GAUGE, grain: BY_RESOURCE },
  UnreservedConcurrentExecutions: { statistics: GAUGE, grain: BY_REGION },
  AsyncEventsReceived: { statistics: COUNT, grain: BY_LAMBDA },
  AsyncEventAge: { statistics: AGE, grain: BY_LAMBDA },
  AsyncEventsDropped: { statistics: COUNT, grain: BY_LAMBDA },
}

/** Grains of metrics beyond the promised ones, where a collector that was asked for more may deliver them without doubling a sum. */
const OTHER_GRAINS: Readonly<Record<string, Grain>> = {
  ClaimedAccountConcurrency: BY_REGION,
  PolledEventCount: BY_MAPPING,
  FilteredOutEventCount: BY_MAPPING,
  InvokedEventCount: BY_MAPPING,
  FailedInvokeEventCount: BY_MAPPING,
  DeletedEventCount: BY_MAPPING,
}

/** Whether a metric is to be delivered with these dimension names. */
export function isHomeGrain(metric: string, names: Grain): boolean {
  const grain = PROMISED[metric]?.grain ?? OTHER_GRAINS[metric] ?? BY_LAMBDA
  return grain.join() === names.join()
}

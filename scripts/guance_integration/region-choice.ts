import type { CollectorConfigs } from 'guance-aws-lambda/dff'

/** Names of regions, or `auto`: those enabled in which there is something to collect. */
export type RegionChoice = CollectorConfigs['regions']

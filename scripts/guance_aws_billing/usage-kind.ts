/** What a usage type of Lambda is counted in: what each function has of it decides its share. */
export interface UsageKind {
  readonly counts: 'requests' | 'duration'
  /** Undefined for what every function has a part in. */
  readonly architecture?: 'arm64' | 'x86_64'
  /** Where it was used; undefined where the usage type does not say. */
  readonly region?: string
}

/**
 * How AWS begins the usage types of a region; us-east-1 has none in the old ones. What is not here is shared out over
 * all regions, so that a new region costs precision and no cent.
 */
const REGION_BY_PREFIX: Readonly<Record<string, string>> = {
  USE1: 'us-east-1',
  USE2: 'us-east-2',
  USW1: 'us-west-1',
  USW2: 'us-west-2',
  EU: 'eu-west-1',
  EUW1: 'eu-west-1',
  EUW2: 'eu-west-2',
  EUW3: 'eu-west-3',
  EUC1: 'eu-central-1',
  EUC2: 'eu-central-2',
  EUN1: 'eu-north-1',
  EUS1: 'eu-south-1',
  EUS2: 'eu-south-2',
  APN1: 'ap-northeast-1',
  APN2: 'ap-northeast-2',
  APN3: 'ap-northeast-3',
  APS1: 'ap-southeast-1',
  APS2: 'ap-southeast-2',
  APS3: 'ap-south-1',
  APS4: 'ap-southeast-3',
  APE1: 'ap-east-1',
  SAE1: 'sa-east-1',
  CAN1: 'ca-central-1',
  MES1: 'me-south-1',
  MEC1: 'me-central-1',
  AFS1: 'af-south-1',
  ILC1: 'il-central-1',
  CNN1: 'cn-north-1',
  CNW1: 'cn-northwest-1',
}

/** In the commercial partition, usage types that begin with their own word are those of us-east-1. */
const HOME_TYPE = /^(Lambda-|Requests?\b)/

function regionOf(usageType: string, partition: string): string | undefined {
  const [prefix = ''] = usageType.split('-', 1)
  if (Object.hasOwn(REGION_BY_PREFIX, prefix)) return REGION_BY_PREFIX[prefix]
  return partition === 'aws' && HOME_TYPE.test(usageType) ? 'us-east-1' : undefined
}

/** What a usage type of Lambda is about: `EU-Lambda-GB-Second-ARM`, `Request`, `USE2-Lambda-Provisioned-Concurrency`. */
export function readUsageType(usageType: string, partition: string): UsageKind {
  const region = regionOf(usageType, partition)
  const isRequest = /Request/.test(usageType)
  const isPlain = /GB-Second|Request/.test(usageType)
  const architecture = /ARM/.test(usageType) ? 'arm64' : isPlain ? 'x86_64' : undefined
  return {
    counts: isRequest ? 'requests' : 'duration',
    ...(architecture === undefined ? {} : { architecture }),
    ...(region === undefined ? {} : { region }),
  }
}

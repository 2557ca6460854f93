import { REGIONS } from 'guance-aws-lambda/dff'
import type { AwsAccount } from './aws-account.ts'
import type { AwsRegion } from './aws-region.ts'

/** Where the services of an account's partition answer that have no regions, and where every account may ask. */
export function homeRegion(account: Pick<AwsAccount, 'partition' | 'region'>): AwsRegion {
  const home = Object.values(REGIONS).find(({ partition }) => partition === account.partition)?.home
  return account.region(home ?? 'us-east-1')
}

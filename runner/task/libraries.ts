/** Libraries that scripts may import; they resolve from the host's own package, so every set uses the same copy. */
export const LIBRARIES: readonly string[] = [
  '@aws-sdk/client-account',
  '@aws-sdk/client-cloudwatch',
  '@aws-sdk/client-cloudwatch-logs',
  '@aws-sdk/client-cost-explorer',
  '@aws-sdk/client-lambda',
  '@aws-sdk/client-organizations',
  '@aws-sdk/client-resource-groups-tagging-api',
  '@aws-sdk/client-sts',
  're2js',
  'undici',
]

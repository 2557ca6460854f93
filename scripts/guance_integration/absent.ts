import { AwsFailure } from './aws-error.ts'

/** Whether AWS says that what is asked for does not exist. */
export function isAbsent(error: unknown): boolean {
  const cause = error instanceof AwsFailure ? (error.cause as Error | undefined) : undefined
  return cause?.name === 'ResourceNotFoundException'
}

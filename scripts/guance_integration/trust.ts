import { type Account, type Check, DffError, type RunContext } from 'guance-aws-lambda/dff'

/**
 * Whether the role asks for its external id: one that can be assumed without it can be assumed by whoever else may use
 * the same keys for another customer (the confused deputy). No check for an account without an external id.
 */
export async function examineTrust(context: RunContext, account: Account): Promise<Check[]> {
  const { external_id: externalId, ...rest } = account
  if (externalId === undefined || account.assume_role_arn === undefined) return []
  const base = { id: `external-id@${account.assume_role_arn}`, title: 'The role asks for its external id' }
  try {
    await context.credentials(rest)
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof DffError && error.code === 'CREDENTIALS_REFUSED') {
      return [{ ...base, status: 'ok', detail: 'Without it AWS refuses to let the role be assumed.' }]
    }
    const detail = error instanceof Error ? error.message : String(error)
    return [{ ...base, status: 'warning', detail: `It could not be tried: ${detail}` }]
  }
  return [
    {
      ...base,
      status: 'failed',
      detail: `${account.assume_role_arn} can be assumed without it, by whoever else these keys work for.`,
      remedy:
        'Add the condition StringEquals sts:ExternalId to its trust policy; dff policy prints the whole of it.',
    },
  ]
}

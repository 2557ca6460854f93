/** What AWS writes in a refusal: the action that the policy lacks, which may differ from the call made. */
const DENIED_ACTION = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/

/** Who refuses, where it is not the want of a permission: AWS says so since 2021, in these words. */
const DENIERS = [
  {
    by: 'scp',
    said: /service control policy/i,
    why: 'a service control policy of the organization denies it',
    remedy: 'Ask whoever administers the organization: no policy of this user or role can allow it.',
  },
  {
    by: 'rcp',
    said: /resource control policy/i,
    why: 'a resource control policy of the organization denies it',
    remedy: 'Ask whoever administers the organization: no policy of this user or role can allow it.',
  },
  {
    by: 'boundary',
    said: /permissions boundary/i,
    why: 'the permissions boundary of this user or role does not allow it',
    remedy: 'Allow it in the permissions boundary too.',
  },
  {
    by: 'session',
    said: /session policy/i,
    why: 'the policy of the session does not allow it',
    remedy: 'Allow it in the policy with which the role is assumed.',
  },
  {
    by: 'explicit',
    said: /with an explicit deny/i,
    why: 'a policy denies it explicitly',
    remedy: 'Remove the Deny from the policy of this user or role: an Allow does not help against it.',
  },
] as const

/** A refusal as AWS words it. */
export interface Denial {
  readonly action?: string
  /** Left out where simply no policy allows it. */
  readonly by?: (typeof DENIERS)[number]['by']
  readonly why?: string
  readonly remedy?: string
}

/** Reads what a refusal says of its cause; nothing where it says nothing. */
export function readDenial(message: string): Denial {
  const action = DENIED_ACTION.exec(message)?.[1]
  const denier = DENIERS.find(({ said }) => said.test(message))
  return {
    ...(action === undefined ? {} : { action }),
    ...(denier === undefined ? {} : { by: denier.by, why: denier.why, remedy: denier.remedy }),
  }
}

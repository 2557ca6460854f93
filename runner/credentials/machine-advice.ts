import type { Advice } from './sts-error.ts'

/** What to do where AWS refuses what gives this machine its credentials; undefined where that is no matter of the machine. */
export function adviseMachine(name: string, said: string): Advice | undefined {
  if (/^(InvalidIdentityToken|IDPRejectedClaim|IDPCommunicationError)/.test(name)) {
    return {
      expected: 'a web identity (AWS_WEB_IDENTITY_TOKEN_FILE) that the account of its role knows',
      remedy:
        'That account needs an IAM OIDC provider for the issuer and audience of the token, and the file a token that has not ended.',
    }
  }
  if (name.startsWith('AccessDenied')) {
    return {
      expected: 'a role of the web identity (AWS_ROLE_ARN) or of the profile that this machine may assume',
      remedy:
        'The trust policy of the role must let it in: sts:AssumeRoleWithWebIdentity for the OIDC provider and the service account, or sts:AssumeRole for the source of the profile; and the role must exist.',
    }
  }
  if (name.startsWith('ExpiredToken')) {
    return {
      expected: 'a web identity or a session that has not ended',
      remedy:
        'Whoever writes AWS_WEB_IDENTITY_TOKEN_FILE must renew it before its end; keys with a session token in the environment or a profile are to be replaced.',
    }
  }
  if (/^(ENOENT|EACCES|EISDIR)\b/.test(said)) {
    return {
      code: 'NO_CREDENTIALS',
      expected: 'a file with a token (AWS_WEB_IDENTITY_TOKEN_FILE) that the host may read',
      remedy: 'Mount it, or let the user that the host runs as read it.',
    }
  }
  if (/Provider/.test(name) && /To refresh this SSO session|UnauthorizedException/.test(said)) {
    return {
      code: 'NO_CREDENTIALS',
      expected: 'a sign-in that has not ended',
      remedy: 'Sign in again as the user that the host runs as (aws sso login with its profile).',
    }
  }
  return undefined
}

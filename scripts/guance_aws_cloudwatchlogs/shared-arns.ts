import type { LogTargets } from './log-targets.ts'

/** A managed policy holds 6,144 characters. */
const MAX_ARNS = 20

/** IAM asks for the streams of a group: its ARN alone allows nothing. */
function ofGroup(arn: string): string {
  return `${arn.replace(/:\*$/, '')}:*`
}

function ofAccount(arn: string): string {
  return arn.replace(/:log-group:.*$/, ':log-group:*')
}

/** What a policy must name of the groups that are named by ARN: each, or where they are many, the groups of their accounts. */
export function sharedArns({ named }: Pick<LogTargets, 'named'>): readonly string[] {
  const texts = [...named.values()].flatMap((groups) => [...groups.keys()])
  const arns = [...new Set(texts.filter((text) => text.startsWith('arn:')).map(ofGroup))]
  return arns.length <= MAX_ARNS ? arns : [...new Set(arns.map(ofAccount))]
}

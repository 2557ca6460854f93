import type { Lambda } from './lambda.ts'

/** Values that break careless encoders are among them. */
const TEAMS = ['payments', 'search', '平台, 二组', 'a="b", c\\d', 'two words']
const STAGES = ['prod', 'staging', 'dev']

/** The AWS resource tags of a lambda; undefined for one that never had any, which GetResources then does not know. */
export function tagsOf(lambda: Lambda): Readonly<Record<string, string>> | undefined {
  if (lambda.seed % 5 === 0) return undefined
  return {
    team: TEAMS[lambda.seed % TEAMS.length] ?? '',
    stage: STAGES[(lambda.seed >>> 4) % STAGES.length] ?? '',
    'aws:cloudformation:stack-name': `stack-${lambda.index % 7}`,
    // A key that an object has itself.
    ...(lambda.seed % 3 === 0 ? { name: lambda.description.slice(0, 256) } : {}),
  }
}

import type { EpochMs } from '../../core/time.ts'
import { tagsUntil } from './change.ts'
import type { Lambda } from './lambda.ts'

/** Values that break careless encoders are among them. */
const TEAMS = ['payments', 'search', '平台, 二组', 'a="b", c\\d', 'two words']
const STAGES = ['prod', 'staging', 'dev']

/** The AWS resource tags of a lambda at an instant; undefined for one that never had any, which GetResources then does not know. */
export function tagsAt(lambda: Lambda, atMs: EpochMs): Readonly<Record<string, string>> | undefined {
  const set = Object.fromEntries(tagsUntil(lambda, atMs).map(({ key, value }) => [key, value]))
  if (lambda.seed % 5 === 0) return Object.keys(set).length === 0 ? undefined : set
  return {
    team: TEAMS[lambda.seed % TEAMS.length] ?? '',
    stage: STAGES[(lambda.seed >>> 4) % STAGES.length] ?? '',
    'aws:cloudformation:stack-name': `stack-${lambda.index % 7}`,
    // A key that an object has itself.
    ...(lambda.seed % 3 === 0 ? { name: lambda.description.slice(0, 256) } : {}),
    ...set,
  }
}

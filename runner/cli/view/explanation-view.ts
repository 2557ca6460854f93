import type { Explanation } from '../../../core/script.ts'
import type { Texts } from '../../text/texts.ts'
import { renderPairs } from './table.ts'

/** Each series under its title, with its facts in the script's order. */
export function renderExplanations(
  texts: Texts,
  explanations: readonly Explanation[],
  name: string,
): string[] {
  if (explanations.length === 0) return [texts.view.why.nothing(name)]
  return explanations.flatMap(({ title, facts }, index) => [
    ...(index === 0 ? [] : ['']),
    title,
    ...renderPairs(facts.map(({ label, value }) => [label, value])).map((line) => `  ${line}`),
  ])
}

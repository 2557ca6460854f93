import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CollectorConfigs } from '../../../core/dff.ts'
import { makeFunctionChoice } from '../../../scripts/guance_aws_lambda/function-choice.ts'

type Rules = Pick<CollectorConfigs, 'include' | 'exclude'>

const ORDERS = { FunctionName: 'orders-api', Runtime: 'nodejs24.x' } as const
const TAGS = { team: '平台, 二组', stage: 'prod' }

function isChosen(
  rules: Rules,
  tags: Readonly<Record<string, string>> | undefined = TAGS,
  lambda: object = ORDERS,
) {
  return makeFunctionChoice(rules).isChosen(lambda, tags)
}

describe('the choice of functions', () => {
  it.each<[Rules, boolean]>([
    [{}, true],
    [{ include: { names: ['orders-api'] } }, true],
    [{ include: { names: ['orders'] } }, false],
    [{ include: { names: ['Orders-api'] } }, false],
    [{ include: { names: ['x', 'orders-*'] } }, true],
    [{ include: { names: ['*'] } }, true],
    [{ include: { names: ['o*s*i'] } }, true],
    [{ include: { names: ['orders-api*orders-api'] } }, false],
    [{ include: { names: ['*-a.i'] } }, false],
    [{ include: { runtimes: ['nodejs*'] } }, true],
    [{ include: { runtimes: ['python*'] } }, false],
    [{ include: { names: ['orders-*'], runtimes: ['python*'] } }, false],
    [{ include: { tags: { team: ['平台, 二组'] } } }, true],
    [{ include: { tags: { team: ['*'], stage: ['dev', 'prod'] } } }, true],
    [{ include: { tags: { team: ['*'], owner: ['*'] } } }, false],
    [{ include: { tags: { toString: ['*'] } } }, false],
    [{ exclude: { names: ['orders-*'] } }, false],
    [{ exclude: { names: ['orders-*'], runtimes: ['python*'] } }, true],
    [{ include: { names: ['*'] }, exclude: { tags: { stage: ['prod'] } } }, false],
    [{ include: { names: ['*'] }, exclude: { tags: { stage: ['dev'] } } }, true],
  ])('by %j of orders-api is %s', (rules, chosen) => {
    expect(isChosen(rules)).toBe(chosen)
  })

  it('leaves out what no tags are known of, unless another rule already says that no tag counts', () => {
    expect(makeFunctionChoice({ include: { tags: { stage: ['prod'] } } }).isChosen(ORDERS, undefined)).toBe(
      false,
    )
    expect(makeFunctionChoice({ exclude: { tags: { stage: ['dev'] } } }).isChosen(ORDERS, undefined)).toBe(
      false,
    )
    const other = { exclude: { names: ['other'], tags: { stage: ['dev'] } } }
    expect(makeFunctionChoice(other).isChosen(ORDERS, undefined)).toBe(true)
    expect(isChosen({ exclude: { tags: { stage: ['dev'] } } }, {})).toBe(true)
  })

  it('takes an image for one without runtime', () => {
    const image = { FunctionName: 'image' }
    expect(isChosen({ include: { runtimes: ['*'] } }, TAGS, image)).toBe(false)
    expect(isChosen({ exclude: { runtimes: ['*'] } }, TAGS, image)).toBe(true)
  })

  it('asks every filter, which sees the tags that are known', () => {
    const seen: unknown[] = []
    const choice = makeFunctionChoice({}, [
      (lambda) => {
        seen.push(lambda.Tags)
        return lambda.Runtime === 'nodejs24.x'
      },
      ({ Tags }) => Tags?.['stage'] === 'prod',
    ])
    expect([choice.isChosen(ORDERS, TAGS), choice.isChosen(ORDERS, undefined)]).toEqual([true, false])
    expect(seen).toEqual([TAGS, undefined])
    // Whatever a script returns that is not true.
    const careless = makeFunctionChoice({}, [() => 'yes' as unknown as boolean])
    expect(() => careless.isChosen(ORDERS, TAGS)).toThrow('neither true nor false')
  })

  it('matches as the same pattern does as an expression, whatever stands in it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.', '中'), maxLength: 8 })
    fc.assert(
      fc.property(
        text,
        text.filter((pattern) => pattern !== ''),
        (name, pattern) => {
          const source = pattern
            .split('*')
            .map((part) => part.replaceAll('.', String.raw`\.`))
            .join('.*')
          const expected = name !== '' && new RegExp(`^${source}$`).test(name)
          expect(isChosen({ include: { names: [pattern] } }, TAGS, { FunctionName: name })).toBe(expected)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import { noteNames, objectNameOf, reportCollisions } from '../../../scripts/guance_aws_lambda/object-name.ts'
import { makeRun, makeStore, SESSION, type TestRun } from '../run-context.ts'

function startRun(): TestRun {
  return makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
}

describe('the name of an object', () => {
  it('is the function’s name or its ARN', () => {
    const place = { partition: 'aws-cn', accountId: '294654068288', region: 'cn-north-1' }
    expect(objectNameOf(place, 'f', 'function_name')).toBe('f')
    expect(objectNameOf(place, 'f', 'arn')).toBe('arn:aws-cn:lambda:cn-north-1:294654068288:function:f')
  })

  it('that stands for functions of two regions is warned of once, with what to write', () => {
    const run = startRun()
    noteNames(run, '1/us-east-1', ['a', 'b', 'toString'])
    noteNames(run, '1/eu-west-1', ['b', '中文', 'toString'])
    reportCollisions(run, '1')
    expect(run.problems).toMatchObject([{ code: 'name-collision', severity: 'warning', scope: '1' }])
    expect(run.problems[0]?.message).toBe(
      "2 names stand for several functions, which therefore share one object: b (1/us-east-1, 1/eu-west-1) · toString (1/us-east-1, 1/eu-west-1). Write object_name: 'arn' in collectorConfigs to give each its own, or object_name: 'function_name' to keep it so.",
    )
  })

  it('of a second account is compared with that of the first, in the same run alone', () => {
    const run = startRun()
    noteNames(run, '1/us-east-1', ['a'])
    reportCollisions(run, '1')
    noteNames(run, '2/us-east-1', ['a'])
    reportCollisions(run, '2')
    // Once for all accounts of a run, whoever comes last.
    reportCollisions(run, '1')
    expect(run.problems.map(({ scope }) => scope)).toEqual(['2'])
    const next = startRun()
    noteNames(next, '2/us-east-1', ['a'])
    reportCollisions(next, '2')
    expect(next.problems).toEqual([])
  })

  it('is no collision of an account that has no part in it, and the fourth is a number', () => {
    const run = startRun()
    for (const scope of ['1/us-east-1', '1/eu-west-1']) noteNames(run, scope, ['a', 'b', 'c', 'd'])
    noteNames(run, '2/us-east-1', ['e'])
    reportCollisions(run, '2')
    expect(run.problems).toEqual([])
    reportCollisions(run, '1')
    expect(run.problems[0]?.message).toContain('and 1 more. Write')
  })
})

import { describe, expect, it } from 'vitest'
import {
  makeFunctionObject,
  makeInventoryEntry,
  type ObjectContext,
  parseLastModified,
} from '../../../scripts/guance_aws_lambda/function-object.ts'

const OBJECT: ObjectContext = {
  partition: 'aws-cn',
  naming: 'function_name',
  accountId: '294654068288',
  region: 'cn-northwest-1',
  cloudProvider: 'aws',
  extraTags: { account_name: 'AWS_Lambda', FunctionName: 'never over its own' },
  timeMs: 1_000,
}

const LAMBDA = {
  FunctionName: 'dataflux-alb',
  PackageType: 'Zip',
  RevisionId: '5e52ff51-615a-4ecb-96b7-40083a7b4b62',
  Role: 'arn:aws-cn:iam::294654068288:role/service-role/s3--guance-role-3w34zo42',
  Runtime: 'python3.7',
  Version: '$LATEST',
  LastModified: '2022-03-09T06:13:31.000+0000',
  Timeout: 30,
} as const

describe('the object of a function', () => {
  it('is the sample of the user’s document, with the account’s id', () => {
    expect(makeFunctionObject(LAMBDA, OBJECT)).toEqual({
      category: 'custom_object',
      measurement: 'aws_lambda',
      timeMs: 1_000,
      tags: {
        account_id: '294654068288',
        account_name: 'AWS_Lambda',
        cloud_provider: 'aws',
        FunctionName: 'dataflux-alb',
        name: 'dataflux-alb',
        PackageType: 'Zip',
        RegionId: 'cn-northwest-1',
        RevisionId: '5e52ff51-615a-4ecb-96b7-40083a7b4b62',
        Role: 'arn:aws-cn:iam::294654068288:role/service-role/s3--guance-role-3w34zo42',
        Runtime: 'python3.7',
        Version: '$LATEST',
      },
      fields: { CreatedTime: '2022-03-09T06:13:31Z', Timeout: 30, message: JSON.stringify(LAMBDA) },
    })
  })

  it('has no Runtime for an image and no CreatedTime for an unreadable time', () => {
    const { Runtime: _runtime, ...image } = LAMBDA
    const object = makeFunctionObject({ ...image, PackageType: 'Image', LastModified: 'recently' }, OBJECT)
    expect(object.tags).not.toHaveProperty('Runtime')
    expect(Object.keys(object.fields)).toEqual(['Timeout', 'message'])
  })

  it('has the function’s ARN for its identity where that is asked for', () => {
    const { tags } = makeFunctionObject(LAMBDA, { ...OBJECT, naming: 'arn' })
    expect(tags['name']).toBe('arn:aws-cn:lambda:cn-northwest-1:294654068288:function:dataflux-alb')
    expect(tags['FunctionName']).toBe('dataflux-alb')
  })

  it('has what an SRE looks for, and nothing for what a reply has wrong or not', () => {
    const strange = {
      ...LAMBDA,
      MemorySize: 10_240n,
      Architectures: ['arm64', null],
      EphemeralStorage: null,
      Layers: [{ Arn: 'arn:layer:1' }, null, 7],
      VpcConfig: { VpcId: '', SubnetIds: [], SecurityGroupIds: 'sg' },
      EnvironmentNames: ['A', 'B'],
    }
    // A reply may hold anything, whatever the SDK's types say.
    expect(makeFunctionObject(strange as never, OBJECT).fields).toMatchObject({
      Architecture: 'arm64',
      MemorySize: 10_240,
      Layers: '["arn:layer:1"]',
      EnvironmentNames: '["A","B"]',
    })
    expect(Object.keys(makeFunctionObject(strange as never, OBJECT).fields).toSorted()).toEqual(
      [
        'Architecture',
        'CreatedTime',
        'EnvironmentNames',
        'Layers',
        'MemorySize',
        'Timeout',
        'message',
      ].toSorted(),
    )
  })

  it('leaves to the inventory what metrics may take over, and not the revision', () => {
    expect(makeInventoryEntry(LAMBDA, OBJECT)).toEqual({
      name: 'dataflux-alb',
      tags: { PackageType: 'Zip', Role: LAMBDA.Role, Runtime: 'python3.7', Version: '$LATEST' },
      revisionId: LAMBDA.RevisionId,
      timeoutSec: 30,
      sinceMs: Date.parse('2022-03-09T06:13:31Z'),
    })
  })
})

describe('parseLastModified', () => {
  it.each([
    ['2022-03-09T06:13:31.000+0000', '2022-03-09T06:13:31Z'],
    ['2022-03-09T08:13:31.000+02:00', '2022-03-09T06:13:31Z'],
    ['2022-03-09T06:13:31Z', '2022-03-09T06:13:31Z'],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s as %s', (text, time) => {
    expect(parseLastModified(text)).toBe(time)
  })
})

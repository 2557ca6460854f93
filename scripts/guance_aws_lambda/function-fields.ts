import type { FieldValue } from 'guance-aws-lambda/dff'
import { readNumber, readText } from 'guance-aws-lambda/sets/guance_integration'
import type { LambdaFunction } from './list-functions.ts'

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((each) => readText(each) ?? []) : []
}

/** Lists are JSON, as upstream writes them; an empty one says no more than none. */
function listOf(value: unknown): string | undefined {
  const texts = textsOf(value)
  return texts.length === 0 ? undefined : JSON.stringify(texts)
}

function layerArns(layers: unknown): readonly unknown[] {
  return Array.isArray(layers) ? layers.map((layer: { readonly Arn?: unknown } | null) => layer?.Arn) : []
}

/** Fields of what is there: nothing stands for what AWS does not say. */
export function presentFields(
  values: Readonly<Record<string, FieldValue | undefined>>,
): Record<string, FieldValue> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}

/** Where and how it runs. */
function describeSettings(lambda: LambdaFunction): Record<string, FieldValue | undefined> {
  return {
    Architecture: textsOf(lambda.Architectures).join(',') || undefined,
    Handler: readText(lambda.Handler),
    MemorySize: readNumber(lambda.MemorySize),
    Timeout: readNumber(lambda.Timeout),
    EphemeralStorage: readNumber(lambda.EphemeralStorage?.Size),
    CodeSize: readNumber(lambda.CodeSize),
    CodeSha256: readText(lambda.CodeSha256),
    SnapStart: readText(lambda.SnapStart?.ApplyOn),
    TracingMode: readText(lambda.TracingConfig?.Mode),
    State: readText(lambda.State),
    LastUpdateStatus: readText(lambda.LastUpdateStatus),
  }
}

/** What it is connected to. Environment variables by name alone: their values are often secrets. */
function describeConnections(lambda: LambdaFunction): Record<string, FieldValue | undefined> {
  return {
    Layers: listOf(layerArns(lambda.Layers)),
    VpcId: readText(lambda.VpcConfig?.VpcId),
    SubnetIds: listOf(lambda.VpcConfig?.SubnetIds),
    SecurityGroupIds: listOf(lambda.VpcConfig?.SecurityGroupIds),
    LogGroup: readText(lambda.LoggingConfig?.LogGroup),
    LogFormat: readText(lambda.LoggingConfig?.LogFormat),
    DeadLetterTarget: readText(lambda.DeadLetterConfig?.TargetArn),
    EnvironmentNames: listOf(lambda.EnvironmentNames),
  }
}

/** What an SRE looks for of a listed function: AWS's names and units (MB, s, bytes), lists as JSON. */
export function describeFunction(lambda: LambdaFunction): Record<string, FieldValue> {
  return presentFields({ ...describeSettings(lambda), ...describeConnections(lambda) })
}

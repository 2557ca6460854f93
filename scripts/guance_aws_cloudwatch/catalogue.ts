import type { Catalogue } from 'guance-aws-lambda/dff'
import awsDynamodb from './catalogue/aws-dynamodb.json' with { type: 'json' }
import awsLambda from './catalogue/aws-lambda.json' with { type: 'json' }
import awsSqs from './catalogue/aws-sqs.json' with { type: 'json' }
import lambdaInsights from './catalogue/lambda-insights.json' with { type: 'json' }

export type CataloguedMetric = Catalogue['metrics'][string]

// A JSON module's strings are not literal types to the compiler; a test validates each file against its schema.
const CATALOGUES: ReadonlyMap<string, Catalogue> = new Map(
  ([awsLambda, lambdaInsights, awsSqs, awsDynamodb] as Catalogue[]).map((catalogue) => [
    catalogue.namespace,
    catalogue,
  ]),
)

/** What is known of a namespace; undefined for one whose metrics are taken as AWS lists them. */
export function findCatalogue(namespace: string): Catalogue | undefined {
  return CATALOGUES.get(namespace)
}

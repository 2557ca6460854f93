/** Class of the objects whose tags and timeouts a namespace's metrics take over. */
const OBJECT_CLASSES: ReadonlyMap<string, string> = new Map([['AWS/Lambda', 'aws_lambda']])

export function objectClassOf(namespace: string): string | undefined {
  return OBJECT_CLASSES.get(namespace)
}

import type { Reply } from '../http.ts'
import type { AwsError } from './error.ts'

/** How a service writes on the wire. */
export type Protocol = 'json10' | 'json11' | 'rest' | 'query'

const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** A value of a query answer: nested objects become nested elements. */
export interface XmlTree {
  readonly [element: string]: string | XmlTree
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function encodeXml(tree: XmlTree): string {
  return Object.entries(tree)
    .map(
      ([name, value]) =>
        `<${name}>${typeof value === 'string' ? escapeXml(value) : encodeXml(value)}</${name}>`,
    )
    .join('')
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: string): Reply {
  return { kind: 'answer', status, headers, body }
}

const CONTENT_TYPES: Readonly<Record<Protocol, string>> = {
  json10: 'application/x-amz-json-1.0',
  json11: 'application/x-amz-json-1.1',
  rest: 'application/json',
  query: 'text/xml',
}

/** The outer element of a query answer. */
function encodeDocument(element: string, tree: XmlTree): string {
  return `<${element} xmlns="${STS_NAMESPACE}">${encodeXml(tree)}</${element}>`
}

/** A good answer. Query answers are wrapped as `<OpResponse><OpResult>`. */
export function encodeResult(
  protocol: Protocol,
  operation: string,
  requestId: string,
  result: object,
): Reply {
  const headers = { 'x-amzn-requestid': requestId, 'content-type': CONTENT_TYPES[protocol] }
  if (protocol !== 'query') return answer(200, headers, JSON.stringify(result))
  // The STS operations build their results from strings alone.
  const tree = { [`${operation}Result`]: result as XmlTree, ResponseMetadata: { RequestId: requestId } }
  return answer(200, headers, encodeDocument(`${operation}Response`, tree))
}

/** A refusal, in the shape that clients of this protocol read names and messages from. */
export function encodeError(protocol: Protocol, requestId: string, error: AwsError): Reply {
  const { names, message } = error
  const headers = { 'x-amzn-requestid': requestId, 'content-type': CONTENT_TYPES[protocol] }
  const fault = names.status >= 500 ? 'Receiver' : 'Sender'
  if (protocol === 'query') {
    const tree = { Error: { Type: fault, Code: names.query, Message: message }, RequestId: requestId }
    return answer(names.status, headers, encodeDocument('ErrorResponse', tree))
  }
  if (protocol === 'rest') {
    return answer(names.status, { ...headers, 'x-amzn-errortype': names.json }, JSON.stringify({ message }))
  }
  if (protocol === 'json11') {
    return answer(names.status, headers, JSON.stringify({ __type: names.json, message }))
  }
  const body = JSON.stringify({ __type: `com.amazonaws.cloudwatch#${names.json}`, message })
  return answer(names.status, { ...headers, 'x-amzn-query-error': `${names.query};${fault}` }, body)
}

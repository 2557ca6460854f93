import { parseObject } from './json-object.ts'
import { asPlatformEvent, readPlatformReport } from './platform-report.ts'
import type { Report } from './report-kind.ts'
import { readTextReport } from './text-report.ts'

/**
 * What AWS reports of an invocation, an initialisation or a restore, in the text or the JSON format. A message that is not
 * exactly such a line gives undefined, never a guess. One request may have several: an asynchronous retry keeps its id.
 */
export function readReport(message: string): Report | undefined {
  if (!message.startsWith('{')) return readTextReport(message)
  const object = parseObject(message)
  const event = object === undefined ? undefined : asPlatformEvent(object)
  return event === undefined ? undefined : readPlatformReport(event)
}

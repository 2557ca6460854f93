import { DffError } from '../../../core/error.ts'
import { validate } from '../../../core/parameters.ts'
import type { ConnectorConfig } from '../../../core/schema-types.generated.ts'
import { DEFAULT_CONNECTOR_ID } from '../../connector/connector-id.ts'
import type { Texts } from '../../text/texts.ts'
import { formatValue } from '../view/format.ts'
import type { Given } from './assignment.ts'
import type { Prompter } from './prompter.ts'
import { readSecret, type SecretSources } from './secret-source.ts'

/** Parameters of install that are not the set's own: where the data goes. */
export const DESTINATION_KEYS = ['sink', 'sink_url', 'sink_token'] as const

export const SINK_TYPES = ['file', 'datakit', 'dataway'] as const
type SinkType = (typeof SINK_TYPES)[number]

const DEFAULT_URL = { datakit: 'http://127.0.0.1:9529', dataway: 'https://openway.guance.com' } as const

/** What `connector.set` needs; the token travels beside the configuration, which names the secret it is kept in. */
export interface Destination {
  readonly config: ConnectorConfig
  readonly token: string | null
}

export function isSinkType(value: string): value is SinkType {
  return (SINK_TYPES as readonly string[]).includes(value)
}

function refuse(place: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place, expected, got, remedy })
}

/** A union's error would speak of its branches; whether the host may be called is the host's to say. */
function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}

interface Wanted {
  readonly connectorId: string
  readonly type: SinkType
  readonly url: string | undefined
  readonly token: string | null
  /** How the url and the token were, or could have been, given. */
  readonly place: { readonly url: string; readonly token: string }
  readonly texts: Texts
}

/** Checks type, URL and token against each other and against the schema of connectors. */
export function makeDestination({ connectorId, type, url, token, place, texts }: Wanted): Destination {
  const { urlExpected, urlRemedy, unusedExpected, unusedRemedy } = texts.form.sink
  if (type === 'file' && url !== undefined) {
    throw refuse(place.url, unusedExpected(type), url, unusedRemedy)
  }
  if (type !== 'dataway' && token !== null) {
    throw refuse(place.token, unusedExpected(type), 'a token', unusedRemedy)
  }
  if (type === 'file') return { config: { type }, token: null }
  if (url === undefined || !isHttpUrl(url)) {
    throw refuse(place.url, urlExpected, url ?? 'nothing', urlRemedy(type))
  }
  const config =
    type === 'datakit' ? { type, url } : { type, url, tokenSecret: `connector.${connectorId}.token` }
  return { config: validate('connector', config, place.url), token }
}

function textOf(given: ReadonlyMap<string, Given>, key: string): string | undefined {
  const value = given.get(key)
  if (value === undefined) return undefined
  return value.kind === 'text' ? value.texts.at(-1) : formatValue(value.value)
}

/** Where the data goes by `sink`, `sink_url` and `sink_token`; undefined when none of them was given. */
export async function readDestination(
  given: ReadonlyMap<string, Given>,
  sources: SecretSources,
): Promise<Destination | undefined> {
  const first = DESTINATION_KEYS.find((key) => given.has(key))
  if (first === undefined) return undefined
  const { texts } = sources
  const { needsSinkExpected, needsSinkRemedy, typeExpected, tokenExpected, tokenRemedy } = texts.form.sink
  const type = textOf(given, 'sink')
  if (type === undefined) throw refuse(`-p ${first}`, needsSinkExpected, 'nothing', needsSinkRemedy)
  if (!isSinkType(type)) throw refuse('-p sink', typeExpected, type, texts.form.wrongTypeRemedy)
  const source = textOf(given, 'sink_token')
  if (type === 'dataway' && source === undefined) {
    throw refuse('-p sink_token', tokenExpected, 'nothing', tokenRemedy)
  }
  const token = source === undefined ? null : await readSecret(source, '-p sink_token', sources)
  const url = textOf(given, 'sink_url')
  const place = { url: '-p sink_url', token: '-p sink_token' }
  return makeDestination({ connectorId: DEFAULT_CONNECTOR_ID, type, url, token, place, texts })
}

/** Asks where the data shall go. */
export async function promptDestination(prompter: Prompter, texts: Texts): Promise<Destination> {
  const { sinkQuestion, sinkChoice, sinkUrl, sinkToken, sink } = texts.form
  const choices = SINK_TYPES.map((value) => ({ value, label: `${value}: ${sinkChoice[value]}` }))
  const type = await prompter.choose(sinkQuestion, choices, 'file')
  if (!isSinkType(type) || type === 'file') return { config: { type: 'file' }, token: null }
  const url = await prompter.text({
    message: sinkUrl[type],
    initial: DEFAULT_URL[type],
    check: (value) => (isHttpUrl(value) ? undefined : sink.urlRemedy(type)),
  })
  const check = (value: string): string | undefined => (value === '' ? sink.tokenExpected : undefined)
  const token = type === 'dataway' ? await prompter.secret({ message: sinkToken, check }) : null
  const place = { url: sinkUrl[type], token: sinkToken }
  return makeDestination({ connectorId: DEFAULT_CONNECTOR_ID, type, url, token, place, texts })
}

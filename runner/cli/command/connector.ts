import { DffError } from '../../../core/error.ts'
import { describeTraits } from '../../connector/traits.ts'
import { homePaths } from '../../home.ts'
import type { SinkTraits } from '../../../core/script.ts'
import type { ConnectorRow } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { parseCount } from '../argument.ts'
import { type Destination, isSinkType, makeDestination, SINK_TYPES } from '../form/destination.ts'
import { takeSecret } from '../form/secret-prompt.ts'
import { answer, type ExitCode, type Invocation, isInteractive, withClient } from '../invocation.ts'
import { addGroup, type Registry } from '../registry.ts'
import { hasFailed, renderReports } from '../view/check-view.ts'
import { formatDestination, renderConnectors } from '../view/connector-view.ts'

interface SetOptions {
  readonly type: string
  readonly url?: string
  readonly token?: string
  readonly rewrite?: string
  readonly mergesFields?: boolean
  readonly retention?: string
  readonly maxBacklog?: string
}

/** One terabyte, as connector.schema.json says. */
const MAX_BACKLOG_MB = 1_048_576

interface TestOptions {
  readonly rewrite?: boolean
  readonly save?: boolean
}

/** Ten years: the bound of the schema. */
const MAX_RETENTION_HOURS = 87_600

const REWRITES: readonly SinkTraits['rewrite'][] = ['last', 'max', 'both', 'unknown']

/** The token when one is given or can be asked for; null keeps the one that is stored. */
async function takeToken(invocation: Invocation, { type, token }: SetOptions): Promise<string | null> {
  const canAsk = type === 'dataway' && isInteractive(invocation)
  if (token === undefined && !canAsk) return null
  const message = invocation.texts.form.sinkToken
  return takeSecret(invocation, { source: token, place: '--token', flag: '--token', message })
}

async function readOptions(invocation: Invocation, id: string, options: SetOptions): Promise<Destination> {
  const { texts } = invocation
  const { type, url } = options
  if (!isSinkType(type)) {
    throw new DffError({
      code: 'BAD_PARAMETER',
      place: '--type',
      expected: texts.form.sink.typeExpected,
      got: type,
      remedy: texts.form.wrongTypeRemedy,
    })
  }
  const token = await takeToken(invocation, options)
  const place = { url: '--url', token: '--token' }
  return makeDestination({ connectorId: id, type, url, token, place, texts })
}

/** A DataWay without a token is only right when one is stored already. */
function refuseMissingToken(
  invocation: Invocation,
  { config, token }: Destination,
  before?: ConnectorRow,
): void {
  if (config.type !== 'dataway' || token !== null || before?.config.type === 'dataway') return
  const { tokenExpected, tokenRemedy } = invocation.texts.form.sink
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--token',
    expected: tokenExpected,
    got: 'nothing',
    remedy: tokenRemedy,
  })
}

function refuse(place: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place, expected, got, remedy })
}

/** What the store does with a rewrite, as told; undefined when nothing was said of it. */
function readRewrite(
  { texts: { form } }: Invocation,
  { rewrite, mergesFields }: SetOptions,
): Pick<SinkTraits, 'rewrite' | 'mergesFields'> | undefined {
  if (rewrite === undefined && mergesFields === undefined) return undefined
  const given = REWRITES.find((known) => known === (rewrite ?? 'unknown'))
  if (given === undefined) {
    throw refuse('--rewrite', form.sink.rewriteExpected, rewrite ?? '', form.wrongTypeRemedy)
  }
  return { rewrite: given, mergesFields: mergesFields === true }
}

/** How many hours back the store takes points, as told; 0 takes back what was told before. */
function readRetention(
  { texts: { form } }: Invocation,
  { retention }: SetOptions,
): { readonly retentionHours?: number } {
  if (retention === undefined) return {}
  if (/^\d{1,5}$/.test(retention) && Number(retention) <= MAX_RETENTION_HOURS) {
    return { retentionHours: Number(retention) }
  }
  const { retentionExpected, retentionRemedy } = form.sink
  throw refuse('--retention', retentionExpected, retention, retentionRemedy)
}

/** Everything that was said of the store. Files take all there is and are read in their order: nothing can be said of them. */
function readTraits(invocation: Invocation, options: SetOptions) {
  const { unusedExpected, unusedRemedy } = invocation.texts.form.sink
  const { type, rewrite, mergesFields, retention } = options
  const said = [
    { flag: '--rewrite', value: rewrite },
    { flag: '--merges-fields', value: mergesFields === undefined ? undefined : 'the flag' },
    { flag: '--retention', value: retention },
  ].find(({ value }) => value !== undefined)
  if (type === 'file' && said !== undefined) {
    throw refuse(said.flag, unusedExpected(type), said.value ?? '', unusedRemedy)
  }
  return { ...readRewrite(invocation, options), ...readRetention(invocation, options) }
}

async function setConnector(invocation: Invocation, id: string, options: SetOptions): Promise<void> {
  const { texts, home } = invocation
  const traits = readTraits(invocation, options)
  const { config, token } = await readOptions(invocation, id, options)
  const bound =
    options.maxBacklog === undefined ? {} : { maxBacklogMb: parseBound(texts, options.maxBacklog) }
  const destination = {
    config: config.type === 'file' ? { ...config, ...bound } : { ...config, ...traits, ...bound },
    token,
  }
  const row = await withClient(invocation, async (client) => {
    const before = (await client.call('connector.list', {})).find((known) => known.id === id)
    refuseMissingToken(invocation, destination, before)
    return client.call('connector.set', { id, ...destination })
  })
  const told = describeTraits(row.config)
  const where = `${row.config.type} ${formatDestination(texts, row, homePaths(home).output)}${told === undefined ? '' : ` (${told})`}`
  answer(invocation, row, () => [texts.view.connector.stored(row.id, where)])
}

function parseBound(texts: Texts, text: string): number {
  return parseCount(texts, text, { flag: '--max-backlog', max: MAX_BACKLOG_MB })
}

async function removeConnector(invocation: Invocation, id: string): Promise<void> {
  const result = await withClient(invocation, (client) => client.call('connector.remove', { id }))
  answer(invocation, result, () => [invocation.texts.view.connector.removed(id)])
}

async function listConnectors(invocation: Invocation): Promise<void> {
  const rows = await withClient(invocation, (client) => client.call('connector.list', {}))
  answer(invocation, rows, () => renderConnectors(invocation.texts, rows, homePaths(invocation.home).output))
}

async function testConnector(
  invocation: Invocation,
  id: string,
  { rewrite, save }: TestOptions,
): Promise<ExitCode> {
  const { texts } = invocation
  const input = { id, rewrite: rewrite === true || save === true, save: save === true }
  const report = await withClient(invocation, (client) => client.call('connector.test', input))
  answer(invocation, report, () => [
    ...renderReports(texts, [report]),
    ...(report.isSaved ? [texts.view.connector.saved(id)] : []),
  ])
  return hasFailed([report]) ? 1 : 0
}

export function addConnectorCommands({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.connector
  const connector = addGroup(program, 'connector', help.group)
  connector
    .command('set')
    .description(help.set)
    .argument('<id>', help.id)
    .requiredOption(`--type <${SINK_TYPES.join('|')}>`, help.type)
    .option('--url <url>', help.url)
    .option('--token <source>', help.token)
    .option(`--rewrite <${REWRITES.join('|')}>`, help.rewrite)
    .option('--merges-fields', help.mergesFields)
    .option('--retention <hours>', help.retention)
    .option('--max-backlog <mb>', help.maxBacklog)
    .addHelpText('after', `\n${help.setAfter}`)
    .action(action(setConnector))
  connector
    .command('list')
    .description(help.list)
    .action(action(async (invocation) => listConnectors(invocation)))
  connector.command('rm').description(help.rm).argument('<id>', help.id).action(action(removeConnector))
  connector
    .command('test')
    .description(help.test)
    .argument('<id>', help.id)
    .option('--rewrite', help.testRewrite)
    .option('--save', help.testSave)
    .action(action(testConnector))
}

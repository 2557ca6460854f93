/**
 * Reads the text exposition format 0.0.4 as strictly as its page describes it, and as Prometheus does: whatever it does
 * not describe is an error. Shares nothing with what writes it.
 */

export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReadFamily {
  readonly name: string
  readonly type: string
  readonly samples: readonly ReadSample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/
const NUMBER = /^(?:NaN|[+-]Inf|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)$/
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])

function readNumber(text: string): number {
  if (!NUMBER.test(text)) throw new Error(`not a number: ${text}`)
  if (text === '+Inf') return Infinity
  return text === '-Inf' ? -Infinity : Number(text)
}

/** A label value up to its closing quote: only \\, \" and \n are escapes. */
function readQuoted(text: string): { readonly value: string; readonly rest: string } {
  const match = /^"((?:[^"\\\n]|\\[\\"n])*)"/.exec(text)
  if (match === null) throw new Error(`not a label value: ${text}`)
  const value = (match[1] ?? '').replaceAll(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char))
  return { value, rest: text.slice(match[0].length) }
}

function readLabels(text: string): { readonly labels: Record<string, string>; readonly rest: string } {
  const labels: Record<string, string> = {}
  let rest = text
  while (!rest.startsWith('}')) {
    const name = LABEL.exec(rest)?.[0]
    if (name === undefined || labels[name] !== undefined) throw new Error(`no label, or twice: ${rest}`)
    if (rest[name.length] !== '=') throw new Error(`no = behind ${name}`)
    const read = readQuoted(rest.slice(name.length + 1))
    labels[name] = read.value
    rest = read.rest.startsWith(',') ? read.rest.slice(1) : read.rest
    if (!read.rest.startsWith(',') && !rest.startsWith('}')) throw new Error(`no , or } at ${rest}`)
  }
  return { labels, rest: rest.slice(1) }
}

function readSample(line: string): ReadSample {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) throw new Error(`no name: ${line}`)
  const behind = line.slice(name.length)
  const { labels, rest } = behind.startsWith('{') ? readLabels(behind.slice(1)) : { labels: {}, rest: behind }
  if (!rest.startsWith(' ')) throw new Error(`no value: ${line}`)
  return { name, labels, value: readNumber(rest.slice(1)) }
}

function belongs(sample: ReadSample, { name, type }: ReadFamily): boolean {
  if (type !== 'histogram') return sample.name === name
  return ['_bucket', '_sum', '_count'].some((suffix) => sample.name === `${name}${suffix}`)
}

function checkFamily(family: ReadFamily): void {
  const keys = family.samples.map(
    ({ name, labels }) =>
      `${name} ${Object.entries(labels)
        .map((pair) => pair.join('='))
        .toSorted()
        .join()}`,
  )
  if (new Set(keys).size !== keys.length) throw new Error(`${family.name}: a sample is there twice`)
  if (family.samples.length === 0) throw new Error(`${family.name}: no samples`)
  if (family.type === 'counter' && !family.name.endsWith('_total'))
    throw new Error(`${family.name}: not _total`)
  if (family.type === 'histogram') checkHistogram(family)
}

/** Cumulative buckets in ascending order up to +Inf, which is the count. */
function checkHistogram({ name, samples }: ReadFamily): void {
  const groups = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: '' }))
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => readNumber(labels['le'] ?? ''))
    const counts = buckets.map(({ value }) => value)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const isSorted = (values: readonly number[]): boolean =>
      values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0))
    if (bounds.at(-1) !== Infinity || !isSorted(bounds) || !isSorted(counts) || counts.at(-1) !== count)
      throw new Error(`${name}: not a histogram`)
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`)
  }
}

/** The families of a page; throws naming the line for anything that the format does not allow. */
export function readExposition(text: string): readonly ReadFamily[] {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const families: { name: string; type: string; samples: ReadSample[] }[] = []
  const lines = text.slice(0, -1).split('\n')
  for (const [index, line] of lines.entries()) {
    const help = /^# HELP (\S+) (.*)$/.exec(line)
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    const last = families.at(-1)
    if (help !== null) {
      if (families.some(({ name }) => name === help[1])) throw new Error(`line ${index + 1}: a family twice`)
      families.push({ name: help[1] ?? '', type: '', samples: [] })
    } else if (type !== null) {
      const isRight = last?.name === type[1] && last?.type === '' && TYPES.has(type[2] ?? '')
      if (!isRight || last === undefined) throw new Error(`line ${index + 1}: TYPE of another family`)
      last.type = type[2] ?? ''
    } else {
      const sample = readSample(line)
      if (last === undefined || !belongs(sample, last))
        throw new Error(`line ${index + 1}: no family: ${line}`)
      last.samples.push(sample)
    }
  }
  for (const family of families) checkFamily(family)
  return families
}

/** The value of one sample; throws where it is not there. */
export function valueOf(
  families: readonly ReadFamily[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = families
    .flatMap(({ samples }) => samples)
    .find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
  if (found === undefined) throw new Error(`no sample ${name} ${JSON.stringify(labels)}`)
  return found.value
}

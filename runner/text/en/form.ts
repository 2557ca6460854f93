/** What install and the other asking commands say: prompts, sources of secrets, parameters that are off. */
export const form = {
  intro: (title: string) => `Install ${title}`,
  optional: 'optional, Enter to leave empty',
  cancelled: {
    place: 'the form',
    expected: 'an answer to each question',
    got: 'a cancel',
    remedy: 'Nothing was changed.',
  },
  partition: {
    aws: 'AWS',
    'aws-cn': 'AWS China',
    'aws-eusc': 'AWS European Sovereign Cloud',
    'aws-us-gov': 'AWS GovCloud (US)',
  } as Record<string, string>,
  grantQuestion: (set: string, wish: string) => `${set}: ${wish}. Grant it?`,
  sinkQuestion: 'Where shall the data go?',
  sinkChoice: {
    file: 'a file in this home, to look at first',
    datakit: 'DataKit, an agent near this host',
    dataway: 'DataWay, the gateway of Guance, with a workspace token',
  },
  sinkUrl: { datakit: 'URL of DataKit', dataway: 'URL of DataWay' },
  sinkToken: 'Workspace token',
  secretValue: (name: string) => `Value of ${name}`,
  yes: 'yes',
  no: 'no',
  assignment: {
    expected: 'key=value, for example regions=us-east-1',
    remedy: 'Quote the whole of it when the value has spaces.',
  },
  repeated: {
    expected: 'one value',
    remedy: 'Only lists may be given several times.',
  },
  unknownParameter: {
    expected: (known: readonly string[]) =>
      known.length === 0 ? 'no parameters' : `one of ${known.join(', ')}`,
    didYouMean: (name: string) => `Did you mean ${name}?`,
    remedy: (setId: string) => `dff market show ${setId} describes each of them.`,
  },
  missing: {
    expected: (names: readonly string[]) => `a value for ${names.join(', ')}`,
    remedy: (names: readonly string[]) =>
      `Give ${names.map((name) => `-p ${name}=…`).join(' ')}, or run it in a terminal without --yes to be asked.`,
  },
  wrongType: { number: 'a number', integer: 'a whole number', boolean: 'true or false' } as Record<
    string,
    string
  >,
  wrongTypeRemedy: 'Correct the value.',
  paramsFile: {
    expected: 'a readable file with one JSON object',
    notObject: 'JSON that is not an object',
    remedy: 'Correct the file, or give the parameters with -p.',
  },
  source: {
    envExpected: (name: string) => `the environment variable ${name} to be set`,
    envRemedy: (name: string) => `Export ${name}, or use file:PATH or - instead.`,
    fileExpected: (path: string) => `a readable file ${path}`,
    fileRemedy: 'Correct the path or its permissions.',
    stdinExpected: 'one value from stdin',
    stdinGot: 'a second -',
    stdinRemedy: 'Give one of them by env:NAME or file:PATH.',
    emptyExpected: 'a secret that is not empty',
    emptyRemedy: 'Check what the source holds.',
    literalWarning: (place: string) =>
      `${place}: the secret is now in this shell's history and was visible in the process list. Prefer env:NAME, file:PATH, or - for stdin.`,
  },
  noTerminal: {
    expected: 'a value',
    remedy: (flag: string) =>
      `Give ${flag} as env:NAME, file:PATH, or - for stdin; without a terminal nothing is asked.`,
  },
  sink: {
    needsSinkExpected: 'sink beside it',
    needsSinkRemedy: 'Add -p sink=datakit or -p sink=dataway.',
    typeExpected: 'file, datakit or dataway',
    urlExpected: 'a URL',
    urlRemedy: (type: string) =>
      type === 'datakit' ? 'For example http://127.0.0.1:9529.' : 'For example https://openway.guance.com.',
    tokenExpected: 'a workspace token',
    tokenRemedy: 'Workspace tokens begin with tkn_; find yours in Guance under Manage / Settings.',
    rewriteExpected: 'last, max, both or unknown',
    retentionExpected: 'a whole number of hours up to 87600',
    retentionRemedy: 'For example 72 for three days; 0 takes back what was said before.',
    unusedExpected: (type: string) => `only what a connector of type ${type} needs`,
    unusedRemedy: 'Leave it out, or choose another type.',
  },
}

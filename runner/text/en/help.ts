/** What `--help` says. One entry per command, in the order of the program's help. */
export const help = {
  program:
    'Script sets that bring AWS Lambda metrics and functions into Guance, and the host that runs them: install a set, deploy its Startup script, execute it, see what arrived.',
  after: `Exit codes
  0  done
  1  what was asked for failed: a task failed, a check did not hold
  2  bad usage or parameters
  3  the environment lacks something: credentials, a sink, a usable home, Node

Environment
  DFF_HOME            home when --home is not given; default the current directory
  AWS_ENDPOINT_URL    the AWS SDK's own variables hold: endpoint, profile, proxy
  NO_COLOR            no colours
  DFF_DEBUG           stack traces of errors on stderr

Start here
  dff demo                        the whole job on a simulator, no account needed
  dff install guance_aws_lambda   the real thing`,
  titles: {
    'Usage:': 'Usage:',
    'Arguments:': 'Arguments:',
    'Options:': 'Options:',
    'Commands:': 'Commands:',
    'Global Options:': 'Global options:',
  } as Record<string, string>,
  helpOption: 'show help',
  version: 'show the version',
  home: 'folder that holds startup/ and .dff/ (env DFF_HOME, default the current directory)',
  json: 'one JSON document on stdout, NDJSON where it streams',
  setArgument: 'id of a script set, for example guance_aws_lambda',
  triggerArgument: 'id of a trigger, as dff trigger list shows it',
  taskArgument: 'id of a task, as dff task list shows it',
  targetArgument: 'a set id, startup__SET, or startup__SET.run',
  force: 'replace a Startup script that was edited; the edited text is kept beside it',
  secretSource: 'where the value comes from: env:NAME, file:PATH, or - for stdin; asked for when left out',
  market: {
    group: 'script sets that can be installed',
    list: 'list the script sets, their installed version, and whether an update waits',
    show: "show one script set: what it does, what it asks for, the IAM actions it calls, its files' digests",
  },
  install: {
    summary: 'install a script set: fill in its form, say where the data goes',
    after: `Secrets
  A secret parameter takes env:NAME, file:PATH, or - for stdin. A literal works too, but stays in the shell's history.

Where the data goes
  -p sink=file                                         append to .dff/output (the default when nothing is set)
  -p sink=datakit -p sink_url=http://127.0.0.1:9529    a local DataKit
  -p sink=dataway -p sink_url=https://openway.guance.com -p sink_token=env:GUANCE_TOKEN

Examples
  dff install guance_aws_lambda
  dff install guance_aws_lambda -p regions=us-east-1,cn-north-1 -p ak_id=AKIA… -p ak_secret=env:AK_SECRET --deploy`,
    parameter: 'a parameter of the form, for example regions=us-east-1,eu-west-1; may be repeated',
    file: 'JSON file with parameters; -p wins over it',
    deploy: 'deploy the Startup script afterwards',
    force:
      'install again although this version is installed; with --deploy, replace an edited Startup script',
    yes: 'never ask; what is not given takes its default',
    grant: 'let a newer version use what the one before was not granted',
  },
  deploy: {
    summary: 'write startup/SET.ts, check that it loads, create or update its trigger',
    connector: 'connector that its points go to; left out, as the deployed script says, else default',
  },
  trigger: {
    group: 'automatic trigger configurations: when API functions run by themselves',
    list: "list triggers with both schedules, the script's own and the override, and their next tick",
    enable: 'let a trigger run by itself again',
    disable: 'stop a trigger from running by itself; dff exec still works',
    pause: 'pause all triggers at once: none runs by itself; what each was set to stays',
    resume: 'end the pause; each trigger starts with its next tick',
    all: 'every trigger of this home',
    until: 'end by itself at this time, for example 2026-11-23T18:36:00Z; without an offset it is UTC',
    set: "override a trigger's schedule",
    cron: "five-field cron expression, or default for the script's own",
    timezone: "IANA time zone of the schedule, for example Asia/Shanghai; default the script's own",
    setAfter: `Examples
  dff trigger set TRIGGER --cron '*/10 * * * *' --timezone Asia/Shanghai
  dff trigger set TRIGGER --cron default`,
  },
  plan: {
    summary:
      'say what a deployed script will ask of AWS and what that costs, before it runs; asks only for lists',
    backfill:
      'also what collecting this window again would cost, for example 2026-11-23T00:00:00Z..2026-11-23T06:00:00Z',
    compare: 'another Startup script, planned beside the deployed one with the same account and secrets',
    after: `Prices
  Dated list prices come with dff. prices.json in the home holds your own: each entry takes the place of the shipped one.
  { "aws": { "currency": "USD", "perThousandMetrics": 0.009, "perThousandRequests": 0.009 } }

Examples
  dff plan guance_aws_lambda
  cp startup/guance_aws_lambda.ts all-metrics.ts    # change the copy, then
  dff plan guance_aws_lambda --compare all-metrics.ts`,
  },
  exec: {
    summary: 'the Execute button: run once now, with the log streaming, and deliver what it collects',
    at: 'run as if triggered at this time, for example 2026-11-23T18:36:00Z; without an offset it is UTC',
    backfill:
      'collect this window again instead of what is due, for example 2026-11-23T00:00:00Z..2026-11-23T06:00:00Z; at most 14 days 12 hours back',
    debug: 'collect, but write and send nothing',
  },
  task: {
    group: 'task records: what ran, when, and what became of it',
    list: 'list the newest task records',
    show: 'show one task record whole',
    limit: 'how many at most',
    func: 'only tasks of this API function, for example startup__guance_aws_lambda.run',
    status: 'only tasks of this status',
  },
  log: {
    summary: 'print the log of a task',
    follow: 'keep printing until the task ends',
  },
  start: {
    summary: 'the host: runs triggers and delivers points until SIGTERM or Ctrl-C, then drains',
    metricsPort:
      'serve /metrics (Prometheus) and /healthz on this port of the loopback; 0 takes any free port',
    metricsHost: 'loopback address to serve them on; default 127.0.0.1',
    ownPoints:
      "send what the host says of itself to its own sink: each task's record and log (DFF_task_record_func), and each minute its tasks, lag, outbox, calls and errors (DFF_host, DFF_func_call, …)",
    after: `Examples
  dff start --metrics-port 9464
  dff start --own-points`,
  },
  status: {
    summary: 'show what the host is doing: health, triggers, running tasks, what waits for delivery',
  },
  secret: {
    group: 'secrets, sealed in the home and never shown again',
    set: 'store a secret, or replace its value',
    list: 'list names and grants of secrets, never values',
    rm: 'remove a secret',
    rotate: 'seal every secret with a new key, and forget the old one',
    to: 'the new key where DFF_SECRET_KEY holds the present one: env:NAME, file:PATH, or - for stdin; else a new .dff/key is made',
    name: 'name of the secret, for example guance_aws_lambda.ak_secret',
    grant: "let this set's Startup script use it; grants given before stay",
    setAfter: `Examples
  dff secret set guance_aws_lambda.ak_secret
  dff secret set second_account.ak_secret env:AK_SECRET --grant guance_aws_lambda`,
  },
  connector: {
    group: 'where the data goes',
    set: 'create or change a connector',
    rm: 'remove a connector that no function names and nothing waits for',
    list: 'list connectors',
    test: 'check that a connector reaches its sink and is let in',
    testRewrite:
      'also find out what the store does with the same series and timestamp written twice: it writes dff_rewrite_test and reads it back',
    testSave: 'with --rewrite, store what was found in the connector',
    id: 'id of the connector; points go to default unless a Startup script names another',
    maxBacklog:
      'megabytes of compressed points that may wait for it, dead batches included; default 1024; near it collection pauses',
    type: 'file, datakit or dataway',
    url: 'base URL of DataKit or DataWay',
    token: 'workspace token of DataWay: env:NAME, file:PATH, or - for stdin; asked for when left out',
    rewrite:
      'what the store does with the same series and timestamp written twice: last, max, both, unknown; default unknown, which writes every minute once',
    mergesFields: 'a second line for the same minute adds its fields to the first',
    retention:
      'how many hours back the store takes points, so that nothing older is repaired; 0, the default, is as far as CloudWatch goes: 14 days 12 hours',
    setAfter: `Points go to the connector default, or to the one that a Startup script names: dff deploy SET --connector ID, or
connector: 'ID' in the options of DFF.API. Each connector has its own order, backlog and bound.
Without --rewrite and --merges-fields, a connector of the same type and URL keeps what it was told of both;
without --retention, it keeps that.

Examples
  dff connector set default --type datakit --url http://127.0.0.1:9529
  dff connector set default --type dataway --url https://openway.guance.com --token env:GUANCE_TOKEN
  dff connector set staging --type datakit --url http://10.0.0.7:9529 --max-backlog 200
  dff connector set default --type file`,
  },
  outbox: {
    group: 'committed points that the sink has not acknowledged yet',
    list: 'list batches that wait or are dead',
    show: 'show one batch: what is in it, and what the sink said',
    retry: 'let dead batches be sent again: one, or all',
    drop: 'throw a batch away for good, or every dead one',
    dead: 'every dead batch',
    state: 'only batches in this state',
    limit: 'how many at most',
    batch: 'number of a batch, as dff outbox list shows it',
    all: 'number of a dead batch; all dead batches when left out',
  },
  backup: {
    summary: 'write the whole home but its key into one file, while the host works',
    file: 'the file to write',
    force: 'replace a file that is there',
    after: `The key is never inside: keep .dff/key (or DFF_SECRET_KEY) elsewhere, without it the secrets in a backup cannot be opened.
Points that go to .dff/output are not inside either.`,
  },
  restore: {
    summary: 'put a backup in the place of what the home holds; a host that runs goes on with it',
    file: 'a file that dff backup has written',
    after: `The database that was there is kept as .dff/host.db-replaced until the next restore. Startup scripts that are there stay as they are.
What was collected since the backup is collected again; points that waited for delivery then are sent again.`,
  },
  doctor: { summary: 'find out what is wrong: credentials, IAM actions in each region, the sink' },
  policy: {
    summary: 'print the least that AWS must allow for what is configured, and who may assume the role',
    sets: 'ids of script sets; every deployed one when left out',
    terraform: 'print it as Terraform',
    partition: 'write ARNs of this partition: aws, aws-cn, aws-us-gov or aws-eusc',
  },
  verify: {
    summary: 'check that the trigger is clean, the objects have arrived and the metrics have arrived',
  },
  why: {
    summary: 'explain one series: through which minute it is complete, what it waits for, its gaps',
    function: 'name of the function',
    metric: 'a metric, for example Errors; all of the function when left out',
  },
  demo: {
    summary:
      'do the whole job once on a simulator of AWS and Guance, and compare what arrived with the truth',
    functions: 'Lambda functions of the simulated account',
    regions: 'how many regions to collect from',
    keep: 'leave the home behind, to look around in it',
  },
}

/**
 * The schema, step by step. A step that was released is never edited: the next change is the next element.
 * All times are epoch milliseconds. Big columns stand last, so that reading the others skips their pages.
 */
const STEP_1 = `
CREATE TABLE script_set (
  set_id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  installed_at_ms INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  parameters TEXT NOT NULL,
  form TEXT
) STRICT;

CREATE TABLE startup_script (
  script_id TEXT PRIMARY KEY,
  set_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  functions TEXT NOT NULL
) STRICT;

CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  updated_at_ms INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE secret_grant (
  name TEXT NOT NULL REFERENCES secret (name) ON DELETE CASCADE,
  script_id TEXT NOT NULL,
  PRIMARY KEY (name, script_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE connector (
  connector_id TEXT PRIMARY KEY,
  config TEXT NOT NULL
) STRICT;

CREATE TABLE trigger_rule (
  trigger_id TEXT PRIMARY KEY,
  func_id TEXT NOT NULL,
  title TEXT NOT NULL,
  fixed_cron_expr TEXT NOT NULL,
  timezone TEXT NOT NULL,
  cron_override TEXT,
  timezone_override TEXT,
  is_enabled INTEGER NOT NULL DEFAULT 1,
  is_declared INTEGER NOT NULL DEFAULT 1,
  last_tick_ms INTEGER
) STRICT;

-- sequence is the order of creation: an Execute with --at may carry any trigger time.
CREATE TABLE task (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  func_id TEXT NOT NULL,
  trigger_id TEXT,
  origin TEXT NOT NULL,
  status TEXT NOT NULL,
  tick_ms INTEGER,
  trigger_time_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  start_time_ms INTEGER,
  end_time_ms INTEGER,
  is_debug INTEGER NOT NULL,
  connector TEXT NOT NULL,
  endpoint_url TEXT,
  fence INTEGER,
  child_pid INTEGER,
  child_start_ticks TEXT,
  exception_type TEXT,
  exception_text TEXT,
  problems TEXT NOT NULL DEFAULT '[]',
  usage TEXT NOT NULL DEFAULT '[]',
  resources TEXT NOT NULL DEFAULT 'null',
  return_value TEXT NOT NULL DEFAULT 'null',
  UNIQUE (trigger_id, tick_ms)
) STRICT;
CREATE INDEX task_of_func ON task (func_id, sequence);
CREATE INDEX task_of_status ON task (status, sequence);

-- One row per function for ever: the fence must keep growing after a task is pruned.
CREATE TABLE lease (
  func_id TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  task_id TEXT,
  until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE task_points (
  task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  category TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (task_id, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_line (
  task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (task_id, sequence)
) STRICT, WITHOUT ROWID;

-- sort_key orders batches bytewise and leaves room for the pieces of a split: 0012 < 0012/0 < 0012/1 < 0013.
CREATE TABLE batch (
  batch_id INTEGER PRIMARY KEY AUTOINCREMENT,
  sort_key TEXT NOT NULL,
  connector_id TEXT NOT NULL,
  script_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  category TEXT NOT NULL,
  state TEXT NOT NULL,
  points INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  next_attempt_ms INTEGER,
  reason TEXT,
  contents TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX batch_in_order ON batch (connector_id, state, sort_key);
CREATE INDEX batch_of_state ON batch (state, created_at_ms, points);

-- One row: the outbox bound is checked at each commit, and summing a long outbox there would slow the very moment it is long.
CREATE TABLE outbox_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  stored_bytes INTEGER NOT NULL,
  acknowledged_points INTEGER NOT NULL,
  last_acknowledged_ms INTEGER
) STRICT;
INSERT INTO outbox_total VALUES (1, 0, 0, NULL);
CREATE TRIGGER batch_added AFTER INSERT ON batch BEGIN
  UPDATE outbox_total SET stored_bytes = stored_bytes + new.stored_bytes;
END;
CREATE TRIGGER batch_removed AFTER DELETE ON batch BEGIN
  UPDATE outbox_total SET stored_bytes = stored_bytes - old.stored_bytes;
END;

CREATE TABLE receipt (
  script_id TEXT NOT NULL,
  category TEXT NOT NULL,
  measurement TEXT NOT NULL,
  key TEXT NOT NULL,
  points INTEGER NOT NULL,
  last_point_ms INTEGER NOT NULL,
  last_acknowledged_ms INTEGER NOT NULL,
  PRIMARY KEY (script_id, category, measurement, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
  script_id TEXT NOT NULL,
  key TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (script_id, key)
) STRICT;
`

/** Marks of the scheduler, missed ticks, the pause of all triggers, checksums, and what tells one home's store from another's. */
const STEP_2 = `
ALTER TABLE state ADD COLUMN crc INTEGER;
ALTER TABLE batch ADD COLUMN crc INTEGER;
ALTER TABLE trigger_rule ADD COLUMN mark_key TEXT;
ALTER TABLE trigger_rule ADD COLUMN mark_since_ms INTEGER;
ALTER TABLE task ADD COLUMN missed_ticks INTEGER NOT NULL DEFAULT 0;

-- At most one row: while it is there, no trigger runs by itself.
CREATE TABLE trigger_pause (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER
) STRICT;

CREATE TABLE home (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  home_id TEXT NOT NULL
) STRICT;
INSERT INTO home VALUES (1, lower(hex(randomblob(16))));
`

/**
 * Totals by connector, each of which has a bound of its own: one that is down must not take the room of the others.
 * Until here only `default` was ever delivered to.
 */
const STEP_LANES = `
CREATE TABLE lane (
  connector_id TEXT PRIMARY KEY,
  waiting_batches INTEGER NOT NULL DEFAULT 0,
  waiting_points INTEGER NOT NULL DEFAULT 0,
  waiting_bytes INTEGER NOT NULL DEFAULT 0,
  dead_batches INTEGER NOT NULL DEFAULT 0,
  dead_points INTEGER NOT NULL DEFAULT 0,
  dead_bytes INTEGER NOT NULL DEFAULT 0,
  acknowledged_points INTEGER NOT NULL DEFAULT 0,
  last_acknowledged_ms INTEGER
) STRICT;
INSERT INTO lane
  SELECT connector_id,
    sum(state = 'waiting'), sum(iif(state = 'waiting', points, 0)), sum(iif(state = 'waiting', stored_bytes, 0)),
    sum(state = 'dead'), sum(iif(state = 'dead', points, 0)), sum(iif(state = 'dead', stored_bytes, 0)), 0, NULL
  FROM batch GROUP BY connector_id;
INSERT INTO lane (connector_id) VALUES ('default') ON CONFLICT DO NOTHING;
UPDATE lane SET (acknowledged_points, last_acknowledged_ms) =
  (SELECT acknowledged_points, last_acknowledged_ms FROM outbox_total) WHERE connector_id = 'default';

UPDATE startup_script SET functions =
  (SELECT json_group_array(json_set(value, '$.connectorId', 'default')) FROM json_each(functions));

DROP TRIGGER batch_added;
DROP TRIGGER batch_removed;
DROP TABLE outbox_total;

CREATE TRIGGER batch_added AFTER INSERT ON batch BEGIN
  INSERT INTO lane (connector_id) VALUES (new.connector_id) ON CONFLICT DO NOTHING;
  UPDATE lane SET waiting_batches = waiting_batches + 1, waiting_points = waiting_points + new.points,
    waiting_bytes = waiting_bytes + new.stored_bytes WHERE connector_id = new.connector_id;
END;
CREATE TRIGGER batch_buried AFTER UPDATE OF state ON batch WHEN old.state = 'waiting' AND new.state = 'dead' BEGIN
  UPDATE lane SET waiting_batches = waiting_batches - 1, waiting_points = waiting_points - old.points,
    waiting_bytes = waiting_bytes - old.stored_bytes, dead_batches = dead_batches + 1,
    dead_points = dead_points + old.points, dead_bytes = dead_bytes + old.stored_bytes
  WHERE connector_id = old.connector_id;
END;
CREATE TRIGGER batch_revived AFTER UPDATE OF state ON batch WHEN old.state = 'dead' AND new.state = 'waiting' BEGIN
  UPDATE lane SET waiting_batches = waiting_batches + 1, waiting_points = waiting_points + old.points,
    waiting_bytes = waiting_bytes + old.stored_bytes, dead_batches = dead_batches - 1,
    dead_points = dead_points - old.points, dead_bytes = dead_bytes - old.stored_bytes
  WHERE connector_id = old.connector_id;
END;
CREATE TRIGGER waiting_removed AFTER DELETE ON batch WHEN old.state = 'waiting' BEGIN
  UPDATE lane SET waiting_batches = waiting_batches - 1, waiting_points = waiting_points - old.points,
    waiting_bytes = waiting_bytes - old.stored_bytes WHERE connector_id = old.connector_id;
END;
CREATE TRIGGER dead_removed AFTER DELETE ON batch WHEN old.state = 'dead' BEGIN
  UPDATE lane SET dead_batches = dead_batches - 1, dead_points = dead_points - old.points,
    dead_bytes = dead_bytes - old.stored_bytes WHERE connector_id = old.connector_id;
END;
`

const STEP_USAGE = `
ALTER TABLE task ADD COLUMN predicted TEXT NOT NULL DEFAULT '[]';

-- Days of UTC, as AWS bills. Records are pruned long before a month is over, so what they used is added up here.
CREATE TABLE usage_day (
  day_ms INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  region TEXT NOT NULL,
  api TEXT NOT NULL,
  requests INTEGER NOT NULL,
  billed_metrics INTEGER NOT NULL,
  PRIMARY KEY (day_ms, account_id, region, api)
) STRICT, WITHOUT ROWID;
`

/** Step n brings a store from version n to n + 1. */
export const MIGRATIONS: readonly string[] = [STEP_1, STEP_2, STEP_LANES, STEP_USAGE]

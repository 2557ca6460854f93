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
, crc INTEGER) STRICT;

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

CREATE UNIQUE INDEX batch_in_order ON batch (connector_id, state, sort_key);

CREATE INDEX batch_of_state ON batch (state, created_at_ms, points);

CREATE TRIGGER batch_revived AFTER UPDATE OF state ON batch WHEN old.state = 'dead' AND new.state = 'waiting' BEGIN
  UPDATE lane SET waiting_batches = waiting_batches + 1, waiting_points = waiting_points + old.points,
    waiting_bytes = waiting_bytes + old.stored_bytes, dead_batches = dead_batches - 1,
    dead_points = dead_points - old.points, dead_bytes = dead_bytes - old.stored_bytes
  WHERE connector_id = old.connector_id;
END;

CREATE TABLE connector (
  connector_id TEXT PRIMARY KEY,
  config TEXT NOT NULL
) STRICT;

CREATE TRIGGER dead_removed AFTER DELETE ON batch WHEN old.state = 'dead' BEGIN
  UPDATE lane SET dead_batches = dead_batches - 1, dead_points = dead_points - old.points,
    dead_bytes = dead_bytes - old.stored_bytes WHERE connector_id = old.connector_id;
END;

CREATE TABLE home (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  home_id TEXT NOT NULL
) STRICT;

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

CREATE TABLE lease (
  func_id TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  task_id TEXT,
  until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE log_line (
  task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (task_id, sequence)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE script_set (
  set_id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  installed_at_ms INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  parameters TEXT NOT NULL,
  form TEXT
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

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE startup_script (
  script_id TEXT PRIMARY KEY,
  set_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  functions TEXT NOT NULL
) STRICT;

CREATE TABLE state (
  script_id TEXT NOT NULL,
  key TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  value TEXT NOT NULL, crc INTEGER,
  PRIMARY KEY (script_id, key)
) STRICT;

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
  return_value TEXT NOT NULL DEFAULT 'null', missed_ticks INTEGER NOT NULL DEFAULT 0, predicted TEXT NOT NULL DEFAULT '[]',
  UNIQUE (trigger_id, tick_ms)
) STRICT;

CREATE INDEX task_of_func ON task (func_id, sequence);

CREATE INDEX task_of_status ON task (status, sequence);

CREATE TABLE task_points (
  task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  category TEXT NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (task_id, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE trigger_pause (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER
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
, mark_key TEXT, mark_since_ms INTEGER) STRICT;

CREATE TABLE usage_day (
  day_ms INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  region TEXT NOT NULL,
  api TEXT NOT NULL,
  requests INTEGER NOT NULL,
  billed_metrics INTEGER NOT NULL,
  PRIMARY KEY (day_ms, account_id, region, api)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER waiting_removed AFTER DELETE ON batch WHEN old.state = 'waiting' BEGIN
  UPDATE lane SET waiting_batches = waiting_batches - 1, waiting_points = waiting_points - old.points,
    waiting_bytes = waiting_bytes - old.stored_bytes WHERE connector_id = old.connector_id;
END;

CREATE TABLE clock_times (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  employee_id BIGINT NOT NULL, 
  clock_in DATETIME NOT NULL, 
  clock_out DATETIME, 
  total_minutes INTEGER, 
  is_active BOOLEAN NOT NULL, 
  source VARCHAR(32) NOT NULL, 
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
  updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, 
  CONSTRAINT uq_employee_clock_in UNIQUE (employee_id, clock_in)
);
CREATE TABLE connecteam_sync_account (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  at BIGINT NOT NULL, 
  run_id BIGINT, 
  actor VARCHAR(191), 
  what VARCHAR(191) NOT NULL, 
  company_id VARCHAR(191), 
  company_name VARCHAR(191), 
  region VARCHAR(16), 
  timezone VARCHAR(64), 
  time_clocks TEXT NOT NULL, 
  known_by VARCHAR(16), 
  key_salt VARCHAR(32), 
  key_digest VARCHAR(64)
);
CREATE TABLE connecteam_sync_adoptions (
  run_id BIGINT NOT NULL, 
  had_key SMALLINT NOT NULL, 
  indexes TEXT NOT NULL, 
  backup_table VARCHAR(191), 
  backup_rows BIGINT NOT NULL, 
  backup_checksum VARCHAR(64) NOT NULL, 
  PRIMARY KEY (run_id)
);
CREATE TABLE connecteam_sync_alerts (
  name VARCHAR(32) NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  number INTEGER NOT NULL, 
  began_at BIGINT NOT NULL, 
  changed_at BIGINT NOT NULL, 
  is_counted SMALLINT NOT NULL, 
  good INTEGER NOT NULL, 
  looks BIGINT NOT NULL, 
  message TEXT NOT NULL, 
  next_step TEXT NOT NULL, 
  told TEXT NOT NULL, 
  PRIMARY KEY (name)
);
CREATE TABLE connecteam_sync_announced (
  change_id BIGINT NOT NULL, 
  time_clock_id BIGINT NOT NULL, 
  shift_id VARCHAR(191) NOT NULL, 
  kind VARCHAR(16) NOT NULL, 
  at BIGINT NOT NULL, 
  is_announced SMALLINT NOT NULL, 
  PRIMARY KEY (change_id)
);
CREATE TABLE connecteam_sync_assignments (
  user_id BIGINT NOT NULL, 
  asked_at BIGINT NOT NULL, 
  time_clocks TEXT, 
  PRIMARY KEY (user_id)
);
CREATE TABLE connecteam_sync_audit (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  at BIGINT NOT NULL, 
  by_whom VARCHAR(191) NOT NULL, 
  trigger_kind VARCHAR(16) NOT NULL, 
  action VARCHAR(64) NOT NULL, 
  subject TEXT NOT NULL, 
  detail TEXT NOT NULL, 
  run_id BIGINT
);
CREATE TABLE connecteam_sync_break_types (
  time_clock_id BIGINT NOT NULL, 
  id VARCHAR(191) NOT NULL, 
  name VARCHAR(191) NOT NULL, 
  is_paid SMALLINT, 
  minutes INTEGER, 
  is_listed SMALLINT NOT NULL, 
  seen_at BIGINT NOT NULL, 
  PRIMARY KEY (time_clock_id, id)
);
CREATE TABLE connecteam_sync_breaks (
  id VARCHAR(191) NOT NULL, 
  user_id BIGINT NOT NULL, 
  time_clock_id BIGINT NOT NULL, 
  break_type_id VARCHAR(191) NOT NULL, 
  start_at BIGINT NOT NULL, 
  start_timezone VARCHAR(191), 
  end_at BIGINT, 
  end_timezone VARCHAR(191), 
  is_auto_clock_out SMALLINT NOT NULL, 
  upstream_created_at BIGINT, 
  upstream_modified_at BIGINT, 
  is_gone SMALLINT NOT NULL, 
  PRIMARY KEY (id)
);
CREATE TABLE connecteam_sync_certificates (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  payload TEXT NOT NULL, 
  payload_hash VARCHAR(64) NOT NULL, 
  signature TEXT NOT NULL, 
  public_key TEXT NOT NULL, 
  previous_hash VARCHAR(64), 
  mismatch TEXT
);
CREATE TABLE connecteam_sync_changes (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  run_id BIGINT NOT NULL, 
  at BIGINT NOT NULL, 
  kind VARCHAR(16) NOT NULL, 
  clock_time_id BIGINT NOT NULL, 
  shift_id VARCHAR(191), 
  employee_id BIGINT NOT NULL, 
  previous_employee_id BIGINT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  why TEXT NOT NULL, 
  change_json TEXT NOT NULL, 
  row_before TEXT, 
  row_after TEXT, 
  memory_before TEXT NOT NULL
);
CREATE TABLE connecteam_sync_clocks (
  time_clock_id BIGINT NOT NULL, 
  name VARCHAR(191) NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  cadence INTEGER NOT NULL, 
  next_due BIGINT NOT NULL, 
  days_wanted TEXT NOT NULL, 
  lease_token VARCHAR(36), 
  lease_until BIGINT NOT NULL, 
  last_look BIGINT, 
  last_good BIGINT, 
  last_change BIGINT, 
  failures INTEGER NOT NULL, 
  successes INTEGER NOT NULL, 
  last_error TEXT, 
  paused_at BIGINT, 
  paused_by VARCHAR(191), 
  paused_reason TEXT, 
  cadence_why VARCHAR(16), 
  PRIMARY KEY (time_clock_id)
);
CREATE TABLE connecteam_sync_console_users (
  name_key VARCHAR(191) NOT NULL, 
  name VARCHAR(191) NOT NULL, 
  role VARCHAR(16) NOT NULL, 
  secret_hash TEXT NOT NULL, 
  made_at BIGINT NOT NULL, 
  changed_at BIGINT NOT NULL, 
  generation BIGINT NOT NULL, 
  PRIMARY KEY (name_key)
);
CREATE TABLE connecteam_sync_corrections (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  employee_id BIGINT NOT NULL, 
  user_id BIGINT, 
  time_clock_id BIGINT NOT NULL, 
  subject VARCHAR(191) NOT NULL, 
  shift_id VARCHAR(191), 
  clock_time_id BIGINT, 
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  kind VARCHAR(16) NOT NULL, 
  minutes_before BIGINT NOT NULL, 
  minutes_after BIGINT NOT NULL, 
  delta_minutes BIGINT NOT NULL, 
  content TEXT NOT NULL, 
  edited_at BIGINT, 
  seen_at BIGINT NOT NULL, 
  run_id BIGINT NOT NULL, 
  cause TEXT NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  effective_first_day VARCHAR(10), 
  effective_last_day VARCHAR(10), 
  export_id BIGINT, 
  counter_of BIGINT, 
  decided_at BIGINT, 
  decided_by VARCHAR(191), 
  reason TEXT
);
CREATE TABLE connecteam_sync_days (
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  first_instant BIGINT NOT NULL, 
  last_instant BIGINT NOT NULL, 
  PRIMARY KEY (day, timezone)
);
CREATE TABLE connecteam_sync_doorbells (
  bell_key VARCHAR(191) NOT NULL, 
  number BIGINT NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  kind VARCHAR(64), 
  event_type VARCHAR(64), 
  time_clock_id BIGINT, 
  activity_id VARCHAR(191), 
  user_id BIGINT, 
  event_at BIGINT, 
  starts_at BIGINT, 
  ends_at BIGINT, 
  received_at BIGINT NOT NULL, 
  deliveries INTEGER NOT NULL, 
  fitted VARCHAR(32) NOT NULL, 
  look_at BIGINT, 
  look_token VARCHAR(36), 
  looks SMALLINT NOT NULL, 
  heard_at BIGINT, 
  run_id BIGINT, 
  found VARCHAR(16), 
  PRIMARY KEY (bell_key)
);
CREATE TABLE connecteam_sync_erasures (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  employee_id BIGINT NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  counts TEXT NOT NULL
);
CREATE TABLE connecteam_sync_exports (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  format VARCHAR(24) NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  file_name VARCHAR(191) NOT NULL, 
  file_hash VARCHAR(64) NOT NULL, 
  file_lines BIGINT NOT NULL, 
  minutes BIGINT NOT NULL, 
  corrections TEXT NOT NULL, 
  replaces BIGINT, 
  reason TEXT NOT NULL
);
CREATE TABLE connecteam_sync_guard (
  id INTEGER NOT NULL, 
  made_employees SMALLINT NOT NULL, 
  probed VARCHAR(64), 
  place VARCHAR(255), 
  PRIMARY KEY (id)
);
CREATE TABLE connecteam_sync_holds (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  time_clock_id BIGINT NOT NULL, 
  reason VARCHAR(32) NOT NULL, 
  subject VARCHAR(191) NOT NULL, 
  detail TEXT NOT NULL, 
  shift_id VARCHAR(191), 
  user_id BIGINT, 
  clock_time_id BIGINT, 
  employee_id BIGINT, 
  instant BIGINT, 
  minutes BIGINT NOT NULL, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  first_run BIGINT NOT NULL, 
  first_seen BIGINT NOT NULL, 
  resolved_run BIGINT, 
  acknowledged_at BIGINT, 
  acknowledged_by VARCHAR(191), 
  acknowledged_reason TEXT
);
CREATE TABLE connecteam_sync_inputs (
  time_clock_id BIGINT NOT NULL, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  slice_id BIGINT NOT NULL, 
  inputs VARCHAR(64) NOT NULL, 
  first_instant BIGINT NOT NULL, 
  last_instant BIGINT NOT NULL, 
  digest VARCHAR(64) NOT NULL, 
  first_key BIGINT, 
  last_key BIGINT, 
  people TEXT, 
  PRIMARY KEY (time_clock_id, first_day, last_day)
);
CREATE TABLE connecteam_sync_jobs (
  id VARCHAR(191) NOT NULL, 
  parent_id VARCHAR(191), 
  name VARCHAR(191) NOT NULL, 
  code VARCHAR(191) NOT NULL, 
  is_deleted SMALLINT NOT NULL, 
  is_listed SMALLINT NOT NULL, 
  seen_at BIGINT NOT NULL, 
  PRIMARY KEY (id)
);
CREATE TABLE connecteam_sync_kept_plans (
  fingerprint VARCHAR(64) NOT NULL, 
  made_at BIGINT NOT NULL, 
  made_by VARCHAR(191) NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  run_id BIGINT, 
  "plan" TEXT NOT NULL, 
  PRIMARY KEY (fingerprint)
);
CREATE TABLE connecteam_sync_legal_holds (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  employee_id BIGINT NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  reason TEXT NOT NULL, 
  released_at BIGINT, 
  released_by VARCHAR(191), 
  released_reason TEXT
);
CREATE TABLE connecteam_sync_lock_events (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  kind VARCHAR(16) NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  reason TEXT NOT NULL, 
  days TEXT NOT NULL, 
  anyway SMALLINT NOT NULL, 
  verified TEXT, 
  source VARCHAR(24), 
  people TEXT
);
CREATE TABLE connecteam_sync_locked_days (
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  locked_at BIGINT NOT NULL, 
  event_id BIGINT, 
  PRIMARY KEY (day, timezone)
);
CREATE TABLE connecteam_sync_looks (
  time_clock_id BIGINT NOT NULL, 
  first_look BIGINT NOT NULL, 
  last_look BIGINT NOT NULL, 
  last_good BIGINT, 
  fresh BIGINT, 
  looks BIGINT NOT NULL, 
  bad INTEGER NOT NULL, 
  good INTEGER NOT NULL, 
  bad_since BIGINT, 
  trouble_since BIGINT, 
  error TEXT, 
  PRIMARY KEY (time_clock_id)
);
CREATE TABLE connecteam_sync_period_events (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  kind VARCHAR(16) NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  reason TEXT NOT NULL, 
  anyway SMALLINT NOT NULL, 
  checked TEXT
);
CREATE TABLE connecteam_sync_periods (
  first_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  changed_at BIGINT NOT NULL, 
  event_id BIGINT NOT NULL, 
  PRIMARY KEY (first_day, timezone)
);
CREATE TABLE connecteam_sync_person_locks (
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  source VARCHAR(24) NOT NULL, 
  time_clock_id BIGINT NOT NULL, 
  user_id BIGINT NOT NULL, 
  locked_at BIGINT NOT NULL, 
  event_id BIGINT NOT NULL, 
  PRIMARY KEY (day, timezone, source, time_clock_id, user_id)
);
CREATE TABLE connecteam_sync_proofs (
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  proven_at BIGINT NOT NULL, 
  run_id BIGINT NOT NULL, 
  exit_code SMALLINT NOT NULL, 
  seen_change BIGINT NOT NULL, 
  PRIMARY KEY (day, timezone)
);
CREATE TABLE connecteam_sync_purges (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  with_rows SMALLINT NOT NULL, 
  state VARCHAR(16) NOT NULL, 
  begun_at BIGINT NOT NULL, 
  done_at BIGINT, 
  actor VARCHAR(191) NOT NULL, 
  counts TEXT NOT NULL, 
  first_entry BIGINT, 
  last_entry BIGINT
);
CREATE TABLE connecteam_sync_quiet_looks (
  time_clock_id BIGINT NOT NULL, 
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  first_at BIGINT NOT NULL, 
  last_at BIGINT NOT NULL, 
  looks INTEGER NOT NULL, 
  http_calls INTEGER NOT NULL, 
  newest_run BIGINT NOT NULL, 
  newest_receipt TEXT NOT NULL, 
  PRIMARY KEY (time_clock_id, day, timezone)
);
CREATE TABLE connecteam_sync_references (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  run_id BIGINT NOT NULL, 
  table_name VARCHAR(191) NOT NULL, 
  column_name VARCHAR(191) NOT NULL, 
  row_key TEXT NOT NULL, 
  from_id BIGINT NOT NULL, 
  to_id BIGINT NOT NULL
);
CREATE TABLE connecteam_sync_runs (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  kind VARCHAR(16) NOT NULL, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  version VARCHAR(32) NOT NULL, 
  host VARCHAR(191) NOT NULL, 
  started_at BIGINT NOT NULL, 
  finished_at BIGINT, 
  undoes BIGINT, 
  statements INTEGER NOT NULL, 
  http_calls INTEGER NOT NULL, 
  asked_by VARCHAR(191), 
  trigger_kind VARCHAR(16)
);
CREATE TABLE connecteam_sync_service (
  name VARCHAR(64) NOT NULL, 
  value TEXT NOT NULL, 
  at BIGINT NOT NULL, 
  PRIMARY KEY (name)
);
CREATE TABLE connecteam_sync_shifts (
  id VARCHAR(191) NOT NULL, 
  user_id BIGINT NOT NULL, 
  time_clock_id BIGINT NOT NULL, 
  start_at BIGINT NOT NULL, 
  start_timezone VARCHAR(191), 
  end_at BIGINT, 
  end_timezone VARCHAR(191), 
  job_id VARCHAR(191), 
  sub_job_id VARCHAR(191), 
  scheduler_shift_id VARCHAR(191), 
  is_auto_clock_out SMALLINT NOT NULL, 
  upstream_created_at BIGINT, 
  upstream_modified_at BIGINT, 
  clock_time_id BIGINT, 
  applied_employee_id BIGINT, 
  applied_clock_in BIGINT, 
  applied_clock_out BIGINT, 
  is_gone SMALLINT NOT NULL, 
  former_clock_time_id BIGINT, 
  changed_in_run BIGINT NOT NULL, 
  PRIMARY KEY (id)
);
CREATE TABLE connecteam_sync_slices (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  run_id BIGINT NOT NULL, 
  time_clock_id BIGINT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  status VARCHAR(16) NOT NULL, 
  receipt TEXT NOT NULL, 
  employees TEXT
);
CREATE TABLE connecteam_sync_timesheets (
  user_id BIGINT NOT NULL, 
  day VARCHAR(10) NOT NULL, 
  timezone VARCHAR(64) NOT NULL, 
  time_clock_id BIGINT NOT NULL, 
  minutes BIGINT NOT NULL, 
  run_id BIGINT NOT NULL, 
  seen_at BIGINT NOT NULL, 
  PRIMARY KEY (user_id, day, timezone, time_clock_id)
);
CREATE TABLE connecteam_sync_users (
  user_id BIGINT NOT NULL, 
  first_name VARCHAR(191) NOT NULL, 
  last_name VARCHAR(191) NOT NULL, 
  email VARCHAR(191), 
  is_archived SMALLINT NOT NULL, 
  is_listed SMALLINT NOT NULL, 
  employee_id BIGINT, 
  phone VARCHAR(191), 
  PRIMARY KEY (user_id)
);
CREATE TABLE connecteam_sync_version (
  version_num VARCHAR(32) NOT NULL, 
  CONSTRAINT connecteam_sync_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE connecteam_sync_vouches (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  time_clock_id BIGINT NOT NULL, 
  at BIGINT NOT NULL, 
  actor VARCHAR(191) NOT NULL, 
  reason TEXT NOT NULL, 
  withdrawn_at BIGINT, 
  withdrawn_by VARCHAR(191)
);
CREATE TABLE employees (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  name VARCHAR(191) NOT NULL, 
  email VARCHAR(191), 
  connecteam_user_id VARCHAR(32), 
  CONSTRAINT uq_employee_connecteam_user UNIQUE (connecteam_user_id)
);
CREATE INDEX ix_clock_times_clock_in ON clock_times (clock_in);
CREATE INDEX ix_clock_times_clock_out ON clock_times (clock_out);
CREATE INDEX ix_connecteam_sync_announced_clock ON connecteam_sync_announced (time_clock_id, kind);
CREATE INDEX ix_connecteam_sync_announced_shift ON connecteam_sync_announced (shift_id);
CREATE INDEX ix_connecteam_sync_audit_run ON connecteam_sync_audit (run_id);
CREATE INDEX ix_connecteam_sync_breaks_person ON connecteam_sync_breaks (user_id, time_clock_id, start_at);
CREATE INDEX ix_connecteam_sync_breaks_start ON connecteam_sync_breaks (start_at);
CREATE INDEX ix_connecteam_sync_certificates_period ON connecteam_sync_certificates (first_day);
CREATE INDEX ix_connecteam_sync_changes_day ON connecteam_sync_changes (first_day, employee_id);
CREATE INDEX ix_connecteam_sync_changes_employee ON connecteam_sync_changes (employee_id);
CREATE INDEX ix_connecteam_sync_changes_row ON connecteam_sync_changes (clock_time_id);
CREATE INDEX ix_connecteam_sync_changes_run ON connecteam_sync_changes (run_id);
CREATE INDEX ix_connecteam_sync_corrections_day ON connecteam_sync_corrections (day);
CREATE INDEX ix_connecteam_sync_corrections_period ON connecteam_sync_corrections (effective_first_day);
CREATE INDEX ix_connecteam_sync_corrections_state ON connecteam_sync_corrections (state);
CREATE INDEX ix_connecteam_sync_corrections_subject ON connecteam_sync_corrections (subject);
CREATE INDEX ix_connecteam_sync_days_instants ON connecteam_sync_days (first_instant);
CREATE INDEX ix_connecteam_sync_doorbells_activity ON connecteam_sync_doorbells (activity_id);
CREATE INDEX ix_connecteam_sync_doorbells_clock ON connecteam_sync_doorbells (time_clock_id);
CREATE INDEX ix_connecteam_sync_doorbells_look ON connecteam_sync_doorbells (look_at);
CREATE INDEX ix_connecteam_sync_doorbells_number ON connecteam_sync_doorbells (number);
CREATE INDEX ix_connecteam_sync_exports_period ON connecteam_sync_exports (first_day);
CREATE INDEX ix_connecteam_sync_holds_open ON connecteam_sync_holds (resolved_run, time_clock_id);
CREATE INDEX ix_connecteam_sync_kept_plans_made ON connecteam_sync_kept_plans (made_at);
CREATE INDEX ix_connecteam_sync_period_events_period ON connecteam_sync_period_events (first_day);
CREATE INDEX ix_connecteam_sync_references_run ON connecteam_sync_references (run_id);
CREATE INDEX ix_connecteam_sync_shifts_person ON connecteam_sync_shifts (user_id, start_at);
CREATE UNIQUE INDEX ix_connecteam_sync_shifts_row ON connecteam_sync_shifts (clock_time_id);
CREATE INDEX ix_connecteam_sync_shifts_start ON connecteam_sync_shifts (start_at);
CREATE INDEX ix_connecteam_sync_slices_run ON connecteam_sync_slices (run_id);
CREATE INDEX ix_connecteam_sync_timesheets_clock ON connecteam_sync_timesheets (time_clock_id, day);

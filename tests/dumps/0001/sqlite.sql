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
CREATE TABLE connecteam_breaks (
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
CREATE TABLE connecteam_shifts (
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
  changed_in_run BIGINT NOT NULL, 
  PRIMARY KEY (id)
);
CREATE TABLE connecteam_sync_version (
  version_num VARCHAR(32) NOT NULL, 
  CONSTRAINT connecteam_sync_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE connecteam_users (
  user_id BIGINT NOT NULL, 
  first_name VARCHAR(191) NOT NULL, 
  last_name VARCHAR(191) NOT NULL, 
  email VARCHAR(191), 
  is_archived SMALLINT NOT NULL, 
  is_listed SMALLINT NOT NULL, 
  employee_id BIGINT, 
  PRIMARY KEY (user_id)
);
CREATE TABLE employees (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  name VARCHAR(191) NOT NULL, 
  email VARCHAR(191), 
  connecteam_user_id VARCHAR(32), 
  CONSTRAINT uq_employee_connecteam_user UNIQUE (connecteam_user_id)
);
CREATE TABLE locked_days (
  day VARCHAR(10) NOT NULL, 
  locked_at BIGINT NOT NULL, 
  PRIMARY KEY (day)
);
CREATE TABLE sync_changes (
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
CREATE TABLE sync_guard (
  id INTEGER NOT NULL, 
  made_employees SMALLINT NOT NULL, 
  PRIMARY KEY (id)
);
CREATE TABLE sync_holds (
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
  resolved_run BIGINT
);
CREATE TABLE sync_runs (
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
  http_calls INTEGER NOT NULL
);
CREATE TABLE sync_slices (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
  run_id BIGINT NOT NULL, 
  time_clock_id BIGINT, 
  first_day VARCHAR(10) NOT NULL, 
  last_day VARCHAR(10) NOT NULL, 
  status VARCHAR(16) NOT NULL, 
  receipt TEXT NOT NULL, 
  employees TEXT
);
CREATE INDEX ix_clock_times_clock_in ON clock_times (clock_in);
CREATE INDEX ix_clock_times_clock_out ON clock_times (clock_out);
CREATE INDEX ix_connecteam_breaks_start ON connecteam_breaks (start_at);
CREATE INDEX ix_connecteam_shifts_row ON connecteam_shifts (clock_time_id);
CREATE INDEX ix_connecteam_shifts_start ON connecteam_shifts (start_at);
CREATE INDEX ix_sync_changes_employee ON sync_changes (employee_id);
CREATE INDEX ix_sync_changes_row ON sync_changes (clock_time_id);
CREATE INDEX ix_sync_changes_run ON sync_changes (run_id);
CREATE INDEX ix_sync_holds_open ON sync_holds (resolved_run, time_clock_id);
CREATE INDEX ix_sync_slices_run ON sync_slices (run_id);

CREATE TABLE public.clock_times (
  id bigint NOT NULL,
  employee_id bigint NOT NULL,
  clock_in timestamp without time zone NOT NULL,
  clock_out timestamp without time zone,
  total_minutes integer,
  is_active boolean NOT NULL,
  source character varying(32) NOT NULL,
  created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
  updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE SEQUENCE public.clock_times_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.clock_times_id_seq OWNED BY public.clock_times.id;
CREATE TABLE public.connecteam_sync_account (
  id bigint NOT NULL,
  at bigint NOT NULL,
  run_id bigint,
  actor character varying(191),
  what character varying(191) NOT NULL,
  company_id character varying(191),
  company_name character varying(191),
  region character varying(16),
  timezone character varying(64),
  time_clocks text NOT NULL,
  known_by character varying(16),
  key_salt character varying(32),
  key_digest character varying(64)
);
CREATE SEQUENCE public.connecteam_sync_account_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_account_id_seq OWNED BY public.connecteam_sync_account.id;
CREATE TABLE public.connecteam_sync_adoptions (
  run_id bigint NOT NULL,
  had_key smallint NOT NULL,
  indexes text NOT NULL,
  backup_table character varying(191),
  backup_rows bigint NOT NULL,
  backup_checksum character varying(64) NOT NULL
);
CREATE TABLE public.connecteam_sync_alerts (
  name character varying(32) NOT NULL,
  state character varying(16) NOT NULL,
  number integer NOT NULL,
  began_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  is_counted smallint NOT NULL,
  good integer NOT NULL,
  looks bigint NOT NULL,
  message text NOT NULL,
  next_step text NOT NULL,
  told text NOT NULL
);
CREATE TABLE public.connecteam_sync_announced (
  change_id bigint NOT NULL,
  time_clock_id bigint NOT NULL,
  shift_id character varying(191) NOT NULL,
  kind character varying(16) NOT NULL,
  at bigint NOT NULL,
  is_announced smallint NOT NULL
);
CREATE TABLE public.connecteam_sync_assignments (
  user_id bigint NOT NULL,
  asked_at bigint NOT NULL,
  time_clocks text
);
CREATE TABLE public.connecteam_sync_audit (
  id bigint NOT NULL,
  at bigint NOT NULL,
  by_whom character varying(191) NOT NULL,
  trigger_kind character varying(16) NOT NULL,
  action character varying(64) NOT NULL,
  subject text NOT NULL,
  detail text NOT NULL,
  run_id bigint
);
CREATE SEQUENCE public.connecteam_sync_audit_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_audit_id_seq OWNED BY public.connecteam_sync_audit.id;
CREATE TABLE public.connecteam_sync_break_types (
  time_clock_id bigint NOT NULL,
  id character varying(191) NOT NULL,
  name character varying(191) NOT NULL,
  is_paid smallint,
  minutes integer,
  is_listed smallint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_breaks (
  id character varying(191) NOT NULL,
  user_id bigint NOT NULL,
  time_clock_id bigint NOT NULL,
  break_type_id character varying(191) NOT NULL,
  start_at bigint NOT NULL,
  start_timezone character varying(191),
  end_at bigint,
  end_timezone character varying(191),
  is_auto_clock_out smallint NOT NULL,
  upstream_created_at bigint,
  upstream_modified_at bigint,
  is_gone smallint NOT NULL
);
CREATE TABLE public.connecteam_sync_certificates (
  id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  payload text NOT NULL,
  payload_hash character varying(64) NOT NULL,
  signature text NOT NULL,
  public_key text NOT NULL,
  previous_hash character varying(64),
  mismatch text
);
CREATE SEQUENCE public.connecteam_sync_certificates_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_certificates_id_seq OWNED BY public.connecteam_sync_certificates.id;
CREATE TABLE public.connecteam_sync_changes (
  id bigint NOT NULL,
  run_id bigint NOT NULL,
  at bigint NOT NULL,
  kind character varying(16) NOT NULL,
  clock_time_id bigint NOT NULL,
  shift_id character varying(191),
  employee_id bigint NOT NULL,
  previous_employee_id bigint,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  why text NOT NULL,
  change_json text NOT NULL,
  row_before text,
  row_after text,
  memory_before text NOT NULL
);
CREATE SEQUENCE public.connecteam_sync_changes_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_changes_id_seq OWNED BY public.connecteam_sync_changes.id;
CREATE TABLE public.connecteam_sync_clocks (
  time_clock_id bigint NOT NULL,
  name character varying(191) NOT NULL,
  state character varying(16) NOT NULL,
  cadence integer NOT NULL,
  next_due bigint NOT NULL,
  days_wanted text NOT NULL,
  lease_token character varying(36),
  lease_until bigint NOT NULL,
  last_look bigint,
  last_good bigint,
  last_change bigint,
  failures integer NOT NULL,
  successes integer NOT NULL,
  last_error text,
  paused_at bigint,
  paused_by character varying(191),
  paused_reason text,
  cadence_why character varying(16)
);
CREATE TABLE public.connecteam_sync_console_users (
  name_key character varying(191) NOT NULL,
  name character varying(191) NOT NULL,
  role character varying(16) NOT NULL,
  secret_hash text NOT NULL,
  made_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  generation bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_corrections (
  id bigint NOT NULL,
  employee_id bigint NOT NULL,
  user_id bigint,
  time_clock_id bigint NOT NULL,
  subject character varying(191) NOT NULL,
  shift_id character varying(191),
  clock_time_id bigint,
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  kind character varying(16) NOT NULL,
  minutes_before bigint NOT NULL,
  minutes_after bigint NOT NULL,
  delta_minutes bigint NOT NULL,
  content text NOT NULL,
  edited_at bigint,
  seen_at bigint NOT NULL,
  run_id bigint NOT NULL,
  cause text NOT NULL,
  state character varying(16) NOT NULL,
  effective_first_day character varying(10),
  effective_last_day character varying(10),
  export_id bigint,
  counter_of bigint,
  decided_at bigint,
  decided_by character varying(191),
  reason text
);
CREATE SEQUENCE public.connecteam_sync_corrections_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_corrections_id_seq OWNED BY public.connecteam_sync_corrections.id;
CREATE TABLE public.connecteam_sync_days (
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  first_instant bigint NOT NULL,
  last_instant bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_doorbells (
  bell_key character varying(191) NOT NULL,
  number bigint NOT NULL,
  state character varying(16) NOT NULL,
  kind character varying(64),
  event_type character varying(64),
  time_clock_id bigint,
  activity_id character varying(191),
  user_id bigint,
  event_at bigint,
  starts_at bigint,
  ends_at bigint,
  received_at bigint NOT NULL,
  deliveries integer NOT NULL,
  fitted character varying(32) NOT NULL,
  look_at bigint,
  look_token character varying(36),
  looks smallint NOT NULL,
  heard_at bigint,
  run_id bigint,
  found character varying(16)
);
CREATE TABLE public.connecteam_sync_erasures (
  id bigint NOT NULL,
  employee_id bigint NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  counts text NOT NULL
);
CREATE SEQUENCE public.connecteam_sync_erasures_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_erasures_id_seq OWNED BY public.connecteam_sync_erasures.id;
CREATE TABLE public.connecteam_sync_exports (
  id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  format character varying(24) NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  file_name character varying(191) NOT NULL,
  file_hash character varying(64) NOT NULL,
  file_lines bigint NOT NULL,
  minutes bigint NOT NULL,
  corrections text NOT NULL,
  replaces bigint,
  reason text NOT NULL
);
CREATE SEQUENCE public.connecteam_sync_exports_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_exports_id_seq OWNED BY public.connecteam_sync_exports.id;
CREATE TABLE public.connecteam_sync_guard (
  id integer NOT NULL,
  made_employees smallint NOT NULL,
  probed character varying(64),
  place character varying(255)
);
CREATE TABLE public.connecteam_sync_holds (
  id bigint NOT NULL,
  time_clock_id bigint NOT NULL,
  reason character varying(32) NOT NULL,
  subject character varying(191) NOT NULL,
  detail text NOT NULL,
  shift_id character varying(191),
  user_id bigint,
  clock_time_id bigint,
  employee_id bigint,
  instant bigint,
  minutes bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  first_run bigint NOT NULL,
  first_seen bigint NOT NULL,
  resolved_run bigint,
  acknowledged_at bigint,
  acknowledged_by character varying(191),
  acknowledged_reason text
);
CREATE SEQUENCE public.connecteam_sync_holds_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_holds_id_seq OWNED BY public.connecteam_sync_holds.id;
CREATE TABLE public.connecteam_sync_inputs (
  time_clock_id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  slice_id bigint NOT NULL,
  inputs character varying(64) NOT NULL,
  first_instant bigint NOT NULL,
  last_instant bigint NOT NULL,
  digest character varying(64) NOT NULL,
  first_key bigint,
  last_key bigint,
  people text
);
CREATE TABLE public.connecteam_sync_jobs (
  id character varying(191) NOT NULL,
  parent_id character varying(191),
  name character varying(191) NOT NULL,
  code character varying(191) NOT NULL,
  is_deleted smallint NOT NULL,
  is_listed smallint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_kept_plans (
  fingerprint character varying(64) NOT NULL,
  made_at bigint NOT NULL,
  made_by character varying(191) NOT NULL,
  state character varying(16) NOT NULL,
  run_id bigint,
  plan text NOT NULL
);
CREATE TABLE public.connecteam_sync_legal_holds (
  id bigint NOT NULL,
  employee_id bigint NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  reason text NOT NULL,
  released_at bigint,
  released_by character varying(191),
  released_reason text
);
CREATE SEQUENCE public.connecteam_sync_legal_holds_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_legal_holds_id_seq OWNED BY public.connecteam_sync_legal_holds.id;
CREATE TABLE public.connecteam_sync_lock_events (
  id bigint NOT NULL,
  kind character varying(16) NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  reason text NOT NULL,
  days text NOT NULL,
  anyway smallint NOT NULL,
  verified text,
  source character varying(24),
  people text
);
CREATE SEQUENCE public.connecteam_sync_lock_events_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_lock_events_id_seq OWNED BY public.connecteam_sync_lock_events.id;
CREATE TABLE public.connecteam_sync_locked_days (
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  locked_at bigint NOT NULL,
  event_id bigint
);
CREATE TABLE public.connecteam_sync_looks (
  time_clock_id bigint NOT NULL,
  first_look bigint NOT NULL,
  last_look bigint NOT NULL,
  last_good bigint,
  fresh bigint,
  looks bigint NOT NULL,
  bad integer NOT NULL,
  good integer NOT NULL,
  bad_since bigint,
  trouble_since bigint,
  error text
);
CREATE TABLE public.connecteam_sync_period_events (
  id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  kind character varying(16) NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  reason text NOT NULL,
  anyway smallint NOT NULL,
  checked text
);
CREATE SEQUENCE public.connecteam_sync_period_events_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_period_events_id_seq OWNED BY public.connecteam_sync_period_events.id;
CREATE TABLE public.connecteam_sync_periods (
  first_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  last_day character varying(10) NOT NULL,
  state character varying(16) NOT NULL,
  changed_at bigint NOT NULL,
  event_id bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_person_locks (
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  source character varying(24) NOT NULL,
  time_clock_id bigint NOT NULL,
  user_id bigint NOT NULL,
  locked_at bigint NOT NULL,
  event_id bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_proofs (
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  proven_at bigint NOT NULL,
  run_id bigint NOT NULL,
  exit_code smallint NOT NULL,
  seen_change bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_purges (
  id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  with_rows smallint NOT NULL,
  state character varying(16) NOT NULL,
  begun_at bigint NOT NULL,
  done_at bigint,
  actor character varying(191) NOT NULL,
  counts text NOT NULL,
  first_entry bigint,
  last_entry bigint
);
CREATE SEQUENCE public.connecteam_sync_purges_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_purges_id_seq OWNED BY public.connecteam_sync_purges.id;
CREATE TABLE public.connecteam_sync_quiet_looks (
  time_clock_id bigint NOT NULL,
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  looks integer NOT NULL,
  http_calls integer NOT NULL,
  newest_run bigint NOT NULL,
  newest_receipt text NOT NULL
);
CREATE TABLE public.connecteam_sync_references (
  id bigint NOT NULL,
  run_id bigint NOT NULL,
  table_name character varying(191) NOT NULL,
  column_name character varying(191) NOT NULL,
  row_key text NOT NULL,
  from_id bigint NOT NULL,
  to_id bigint NOT NULL
);
CREATE SEQUENCE public.connecteam_sync_references_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_references_id_seq OWNED BY public.connecteam_sync_references.id;
CREATE TABLE public.connecteam_sync_runs (
  id bigint NOT NULL,
  kind character varying(16) NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  version character varying(32) NOT NULL,
  host character varying(191) NOT NULL,
  started_at bigint NOT NULL,
  finished_at bigint,
  undoes bigint,
  statements integer NOT NULL,
  http_calls integer NOT NULL,
  asked_by character varying(191),
  trigger_kind character varying(16)
);
CREATE SEQUENCE public.connecteam_sync_runs_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_runs_id_seq OWNED BY public.connecteam_sync_runs.id;
CREATE TABLE public.connecteam_sync_service (
  name character varying(64) NOT NULL,
  value text NOT NULL,
  at bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_shifts (
  id character varying(191) NOT NULL,
  user_id bigint NOT NULL,
  time_clock_id bigint NOT NULL,
  start_at bigint NOT NULL,
  start_timezone character varying(191),
  end_at bigint,
  end_timezone character varying(191),
  job_id character varying(191),
  sub_job_id character varying(191),
  scheduler_shift_id character varying(191),
  is_auto_clock_out smallint NOT NULL,
  upstream_created_at bigint,
  upstream_modified_at bigint,
  clock_time_id bigint,
  applied_employee_id bigint,
  applied_clock_in bigint,
  applied_clock_out bigint,
  is_gone smallint NOT NULL,
  former_clock_time_id bigint,
  changed_in_run bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_slices (
  id bigint NOT NULL,
  run_id bigint NOT NULL,
  time_clock_id bigint,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  status character varying(16) NOT NULL,
  receipt text NOT NULL,
  employees text
);
CREATE SEQUENCE public.connecteam_sync_slices_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_slices_id_seq OWNED BY public.connecteam_sync_slices.id;
CREATE TABLE public.connecteam_sync_timesheets (
  user_id bigint NOT NULL,
  day character varying(10) NOT NULL,
  timezone character varying(64) NOT NULL,
  time_clock_id bigint NOT NULL,
  minutes bigint NOT NULL,
  run_id bigint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_users (
  user_id bigint NOT NULL,
  first_name character varying(191) NOT NULL,
  last_name character varying(191) NOT NULL,
  email character varying(191),
  is_archived smallint NOT NULL,
  is_listed smallint NOT NULL,
  employee_id bigint,
  phone character varying(191)
);
CREATE TABLE public.connecteam_sync_version (
  version_num character varying(32) NOT NULL
);
CREATE TABLE public.connecteam_sync_vouches (
  id bigint NOT NULL,
  time_clock_id bigint NOT NULL,
  at bigint NOT NULL,
  actor character varying(191) NOT NULL,
  reason text NOT NULL,
  withdrawn_at bigint,
  withdrawn_by character varying(191)
);
CREATE SEQUENCE public.connecteam_sync_vouches_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.connecteam_sync_vouches_id_seq OWNED BY public.connecteam_sync_vouches.id;
CREATE TABLE public.employees (
  id bigint NOT NULL,
  name character varying(191) NOT NULL,
  email character varying(191),
  connecteam_user_id character varying(32)
);
CREATE SEQUENCE public.employees_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.employees_id_seq OWNED BY public.employees.id;
ALTER TABLE ONLY public.clock_times ALTER COLUMN id SET DEFAULT nextval('public.clock_times_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_account ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_account_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_audit ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_audit_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_certificates ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_certificates_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_changes ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_changes_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_corrections ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_corrections_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_erasures ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_erasures_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_exports ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_exports_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_holds ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_holds_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_legal_holds ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_legal_holds_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_lock_events ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_lock_events_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_period_events ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_period_events_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_purges ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_purges_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_references ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_references_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_runs ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_runs_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_slices ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_slices_id_seq'::regclass);
ALTER TABLE ONLY public.connecteam_sync_vouches ALTER COLUMN id SET DEFAULT nextval('public.connecteam_sync_vouches_id_seq'::regclass);
ALTER TABLE ONLY public.employees ALTER COLUMN id SET DEFAULT nextval('public.employees_id_seq'::regclass);
ALTER TABLE ONLY public.clock_times
  ADD CONSTRAINT clock_times_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_account
  ADD CONSTRAINT connecteam_sync_account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_adoptions
  ADD CONSTRAINT connecteam_sync_adoptions_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY public.connecteam_sync_alerts
  ADD CONSTRAINT connecteam_sync_alerts_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.connecteam_sync_announced
  ADD CONSTRAINT connecteam_sync_announced_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY public.connecteam_sync_assignments
  ADD CONSTRAINT connecteam_sync_assignments_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.connecteam_sync_audit
  ADD CONSTRAINT connecteam_sync_audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_break_types
  ADD CONSTRAINT connecteam_sync_break_types_pkey PRIMARY KEY (time_clock_id, id);
ALTER TABLE ONLY public.connecteam_sync_breaks
  ADD CONSTRAINT connecteam_sync_breaks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_certificates
  ADD CONSTRAINT connecteam_sync_certificates_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_changes
  ADD CONSTRAINT connecteam_sync_changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_clocks
  ADD CONSTRAINT connecteam_sync_clocks_pkey PRIMARY KEY (time_clock_id);
ALTER TABLE ONLY public.connecteam_sync_console_users
  ADD CONSTRAINT connecteam_sync_console_users_pkey PRIMARY KEY (name_key);
ALTER TABLE ONLY public.connecteam_sync_corrections
  ADD CONSTRAINT connecteam_sync_corrections_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_days
  ADD CONSTRAINT connecteam_sync_days_pkey PRIMARY KEY (day, timezone);
ALTER TABLE ONLY public.connecteam_sync_doorbells
  ADD CONSTRAINT connecteam_sync_doorbells_pkey PRIMARY KEY (bell_key);
ALTER TABLE ONLY public.connecteam_sync_erasures
  ADD CONSTRAINT connecteam_sync_erasures_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_exports
  ADD CONSTRAINT connecteam_sync_exports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_guard
  ADD CONSTRAINT connecteam_sync_guard_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_holds
  ADD CONSTRAINT connecteam_sync_holds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_inputs
  ADD CONSTRAINT connecteam_sync_inputs_pkey PRIMARY KEY (time_clock_id, first_day, last_day);
ALTER TABLE ONLY public.connecteam_sync_jobs
  ADD CONSTRAINT connecteam_sync_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_kept_plans
  ADD CONSTRAINT connecteam_sync_kept_plans_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY public.connecteam_sync_legal_holds
  ADD CONSTRAINT connecteam_sync_legal_holds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_lock_events
  ADD CONSTRAINT connecteam_sync_lock_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_locked_days
  ADD CONSTRAINT connecteam_sync_locked_days_pkey PRIMARY KEY (day, timezone);
ALTER TABLE ONLY public.connecteam_sync_looks
  ADD CONSTRAINT connecteam_sync_looks_pkey PRIMARY KEY (time_clock_id);
ALTER TABLE ONLY public.connecteam_sync_period_events
  ADD CONSTRAINT connecteam_sync_period_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_periods
  ADD CONSTRAINT connecteam_sync_periods_pkey PRIMARY KEY (first_day, timezone);
ALTER TABLE ONLY public.connecteam_sync_person_locks
  ADD CONSTRAINT connecteam_sync_person_locks_pkey PRIMARY KEY (day, timezone, source, time_clock_id, user_id);
ALTER TABLE ONLY public.connecteam_sync_proofs
  ADD CONSTRAINT connecteam_sync_proofs_pkey PRIMARY KEY (day, timezone);
ALTER TABLE ONLY public.connecteam_sync_purges
  ADD CONSTRAINT connecteam_sync_purges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_quiet_looks
  ADD CONSTRAINT connecteam_sync_quiet_looks_pkey PRIMARY KEY (time_clock_id, day, timezone);
ALTER TABLE ONLY public.connecteam_sync_references
  ADD CONSTRAINT connecteam_sync_references_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_runs
  ADD CONSTRAINT connecteam_sync_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_service
  ADD CONSTRAINT connecteam_sync_service_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.connecteam_sync_shifts
  ADD CONSTRAINT connecteam_sync_shifts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_slices
  ADD CONSTRAINT connecteam_sync_slices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_timesheets
  ADD CONSTRAINT connecteam_sync_timesheets_pkey PRIMARY KEY (user_id, day, timezone, time_clock_id);
ALTER TABLE ONLY public.connecteam_sync_users
  ADD CONSTRAINT connecteam_sync_users_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.connecteam_sync_version
  ADD CONSTRAINT connecteam_sync_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.connecteam_sync_vouches
  ADD CONSTRAINT connecteam_sync_vouches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.employees
  ADD CONSTRAINT employees_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.clock_times
  ADD CONSTRAINT uq_employee_clock_in UNIQUE (employee_id, clock_in);
ALTER TABLE ONLY public.employees
  ADD CONSTRAINT uq_employee_connecteam_user UNIQUE (connecteam_user_id);
CREATE INDEX ix_clock_times_clock_in ON public.clock_times USING btree (clock_in);
CREATE INDEX ix_clock_times_clock_out ON public.clock_times USING btree (clock_out);
CREATE INDEX ix_connecteam_sync_announced_clock ON public.connecteam_sync_announced USING btree (time_clock_id, kind);
CREATE INDEX ix_connecteam_sync_announced_shift ON public.connecteam_sync_announced USING btree (shift_id);
CREATE INDEX ix_connecteam_sync_audit_run ON public.connecteam_sync_audit USING btree (run_id);
CREATE INDEX ix_connecteam_sync_breaks_person ON public.connecteam_sync_breaks USING btree (user_id, time_clock_id, start_at);
CREATE INDEX ix_connecteam_sync_breaks_start ON public.connecteam_sync_breaks USING btree (start_at);
CREATE INDEX ix_connecteam_sync_certificates_period ON public.connecteam_sync_certificates USING btree (first_day);
CREATE INDEX ix_connecteam_sync_changes_day ON public.connecteam_sync_changes USING btree (first_day, employee_id);
CREATE INDEX ix_connecteam_sync_changes_employee ON public.connecteam_sync_changes USING btree (employee_id);
CREATE INDEX ix_connecteam_sync_changes_row ON public.connecteam_sync_changes USING btree (clock_time_id);
CREATE INDEX ix_connecteam_sync_changes_run ON public.connecteam_sync_changes USING btree (run_id);
CREATE INDEX ix_connecteam_sync_corrections_day ON public.connecteam_sync_corrections USING btree (day);
CREATE INDEX ix_connecteam_sync_corrections_period ON public.connecteam_sync_corrections USING btree (effective_first_day);
CREATE INDEX ix_connecteam_sync_corrections_state ON public.connecteam_sync_corrections USING btree (state);
CREATE INDEX ix_connecteam_sync_corrections_subject ON public.connecteam_sync_corrections USING btree (subject);
CREATE INDEX ix_connecteam_sync_days_instants ON public.connecteam_sync_days USING btree (first_instant);
CREATE INDEX ix_connecteam_sync_doorbells_activity ON public.connecteam_sync_doorbells USING btree (activity_id);
CREATE INDEX ix_connecteam_sync_doorbells_clock ON public.connecteam_sync_doorbells USING btree (time_clock_id);
CREATE INDEX ix_connecteam_sync_doorbells_look ON public.connecteam_sync_doorbells USING btree (look_at);
CREATE INDEX ix_connecteam_sync_doorbells_number ON public.connecteam_sync_doorbells USING btree (number);
CREATE INDEX ix_connecteam_sync_exports_period ON public.connecteam_sync_exports USING btree (first_day);
CREATE INDEX ix_connecteam_sync_holds_open ON public.connecteam_sync_holds USING btree (resolved_run, time_clock_id);
CREATE INDEX ix_connecteam_sync_kept_plans_made ON public.connecteam_sync_kept_plans USING btree (made_at);
CREATE INDEX ix_connecteam_sync_period_events_period ON public.connecteam_sync_period_events USING btree (first_day);
CREATE INDEX ix_connecteam_sync_references_run ON public.connecteam_sync_references USING btree (run_id);
CREATE INDEX ix_connecteam_sync_shifts_person ON public.connecteam_sync_shifts USING btree (user_id, start_at);
CREATE UNIQUE INDEX ix_connecteam_sync_shifts_row ON public.connecteam_sync_shifts USING btree (clock_time_id);
CREATE INDEX ix_connecteam_sync_shifts_start ON public.connecteam_sync_shifts USING btree (start_at);
CREATE INDEX ix_connecteam_sync_slices_run ON public.connecteam_sync_slices USING btree (run_id);
CREATE INDEX ix_connecteam_sync_timesheets_clock ON public.connecteam_sync_timesheets USING btree (time_clock_id, day);

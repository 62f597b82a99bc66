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
CREATE TABLE public.connecteam_breaks (
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
CREATE TABLE public.connecteam_shifts (
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
  changed_in_run bigint NOT NULL
);
CREATE TABLE public.connecteam_sync_version (
  version_num character varying(32) NOT NULL
);
CREATE TABLE public.connecteam_users (
  user_id bigint NOT NULL,
  first_name character varying(191) NOT NULL,
  last_name character varying(191) NOT NULL,
  email character varying(191),
  is_archived smallint NOT NULL,
  is_listed smallint NOT NULL,
  employee_id bigint
);
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
CREATE TABLE public.locked_days (
  day character varying(10) NOT NULL,
  locked_at bigint NOT NULL
);
CREATE TABLE public.sync_adoptions (
  run_id bigint NOT NULL,
  had_key smallint NOT NULL,
  indexes text NOT NULL,
  backup_table character varying(191),
  backup_rows bigint NOT NULL,
  backup_checksum character varying(64) NOT NULL
);
CREATE TABLE public.sync_changes (
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
CREATE SEQUENCE public.sync_changes_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.sync_changes_id_seq OWNED BY public.sync_changes.id;
CREATE TABLE public.sync_guard (
  id integer NOT NULL,
  made_employees smallint NOT NULL
);
CREATE TABLE public.sync_holds (
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
  resolved_run bigint
);
CREATE SEQUENCE public.sync_holds_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.sync_holds_id_seq OWNED BY public.sync_holds.id;
CREATE TABLE public.sync_inputs (
  time_clock_id bigint NOT NULL,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  slice_id bigint NOT NULL,
  inputs character varying(64) NOT NULL,
  first_instant bigint NOT NULL,
  last_instant bigint NOT NULL,
  digest character varying(64) NOT NULL,
  first_key bigint,
  last_key bigint
);
CREATE TABLE public.sync_references (
  id bigint NOT NULL,
  run_id bigint NOT NULL,
  table_name character varying(191) NOT NULL,
  column_name character varying(191) NOT NULL,
  row_key text NOT NULL,
  from_id bigint NOT NULL,
  to_id bigint NOT NULL
);
CREATE SEQUENCE public.sync_references_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.sync_references_id_seq OWNED BY public.sync_references.id;
CREATE TABLE public.sync_runs (
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
  http_calls integer NOT NULL
);
CREATE SEQUENCE public.sync_runs_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.sync_runs_id_seq OWNED BY public.sync_runs.id;
CREATE TABLE public.sync_slices (
  id bigint NOT NULL,
  run_id bigint NOT NULL,
  time_clock_id bigint,
  first_day character varying(10) NOT NULL,
  last_day character varying(10) NOT NULL,
  status character varying(16) NOT NULL,
  receipt text NOT NULL,
  employees text
);
CREATE SEQUENCE public.sync_slices_id_seq
  START WITH 1
  INCREMENT BY 1
  NO MINVALUE
  NO MAXVALUE
  CACHE 1;
ALTER SEQUENCE public.sync_slices_id_seq OWNED BY public.sync_slices.id;
ALTER TABLE ONLY public.clock_times ALTER COLUMN id SET DEFAULT nextval('public.clock_times_id_seq'::regclass);
ALTER TABLE ONLY public.employees ALTER COLUMN id SET DEFAULT nextval('public.employees_id_seq'::regclass);
ALTER TABLE ONLY public.sync_changes ALTER COLUMN id SET DEFAULT nextval('public.sync_changes_id_seq'::regclass);
ALTER TABLE ONLY public.sync_holds ALTER COLUMN id SET DEFAULT nextval('public.sync_holds_id_seq'::regclass);
ALTER TABLE ONLY public.sync_references ALTER COLUMN id SET DEFAULT nextval('public.sync_references_id_seq'::regclass);
ALTER TABLE ONLY public.sync_runs ALTER COLUMN id SET DEFAULT nextval('public.sync_runs_id_seq'::regclass);
ALTER TABLE ONLY public.sync_slices ALTER COLUMN id SET DEFAULT nextval('public.sync_slices_id_seq'::regclass);
ALTER TABLE ONLY public.clock_times
  ADD CONSTRAINT clock_times_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_breaks
  ADD CONSTRAINT connecteam_breaks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_shifts
  ADD CONSTRAINT connecteam_shifts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.connecteam_sync_version
  ADD CONSTRAINT connecteam_sync_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.connecteam_users
  ADD CONSTRAINT connecteam_users_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.employees
  ADD CONSTRAINT employees_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.locked_days
  ADD CONSTRAINT locked_days_pkey PRIMARY KEY (day);
ALTER TABLE ONLY public.sync_adoptions
  ADD CONSTRAINT sync_adoptions_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY public.sync_changes
  ADD CONSTRAINT sync_changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_guard
  ADD CONSTRAINT sync_guard_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_holds
  ADD CONSTRAINT sync_holds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_inputs
  ADD CONSTRAINT sync_inputs_pkey PRIMARY KEY (time_clock_id, first_day, last_day);
ALTER TABLE ONLY public.sync_references
  ADD CONSTRAINT sync_references_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_runs
  ADD CONSTRAINT sync_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_slices
  ADD CONSTRAINT sync_slices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.clock_times
  ADD CONSTRAINT uq_employee_clock_in UNIQUE (employee_id, clock_in);
ALTER TABLE ONLY public.employees
  ADD CONSTRAINT uq_employee_connecteam_user UNIQUE (connecteam_user_id);
CREATE INDEX ix_clock_times_clock_in ON public.clock_times USING btree (clock_in);
CREATE INDEX ix_clock_times_clock_out ON public.clock_times USING btree (clock_out);
CREATE INDEX ix_connecteam_breaks_start ON public.connecteam_breaks USING btree (start_at);
CREATE INDEX ix_connecteam_shifts_row ON public.connecteam_shifts USING btree (clock_time_id);
CREATE INDEX ix_connecteam_shifts_start ON public.connecteam_shifts USING btree (start_at);
CREATE INDEX ix_sync_changes_employee ON public.sync_changes USING btree (employee_id);
CREATE INDEX ix_sync_changes_row ON public.sync_changes USING btree (clock_time_id);
CREATE INDEX ix_sync_changes_run ON public.sync_changes USING btree (run_id);
CREATE INDEX ix_sync_holds_open ON public.sync_holds USING btree (resolved_run, time_clock_id);
CREATE INDEX ix_sync_references_run ON public.sync_references USING btree (run_id);
CREATE INDEX ix_sync_slices_run ON public.sync_slices USING btree (run_id);

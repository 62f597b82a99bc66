CREATE TABLE `clock_times` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `employee_id` bigint NOT NULL,
  `clock_in` datetime NOT NULL,
  `clock_out` datetime DEFAULT NULL,
  `total_minutes` int DEFAULT NULL,
  `is_active` tinyint(1) NOT NULL,
  `source` varchar(32) NOT NULL,
  `created_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_employee_clock_in` (`employee_id`,`clock_in`),
  KEY `ix_clock_times_clock_in` (`clock_in`),
  KEY `ix_clock_times_clock_out` (`clock_out`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `connecteam_sync_account` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `at` bigint NOT NULL,
  `run_id` bigint DEFAULT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `what` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `company_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `company_name` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `region` varchar(16) COLLATE utf8mb4_bin DEFAULT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  `time_clocks` longtext COLLATE utf8mb4_bin NOT NULL,
  `known_by` varchar(16) COLLATE utf8mb4_bin DEFAULT NULL,
  `key_salt` varchar(32) COLLATE utf8mb4_bin DEFAULT NULL,
  `key_digest` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_adoptions` (
  `run_id` bigint NOT NULL,
  `had_key` smallint NOT NULL,
  `indexes` longtext COLLATE utf8mb4_bin NOT NULL,
  `backup_table` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `backup_rows` bigint NOT NULL,
  `backup_checksum` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_alerts` (
  `name` varchar(32) COLLATE utf8mb4_bin NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `number` int NOT NULL,
  `began_at` bigint NOT NULL,
  `changed_at` bigint NOT NULL,
  `is_counted` smallint NOT NULL,
  `good` int NOT NULL,
  `looks` bigint NOT NULL,
  `message` text COLLATE utf8mb4_bin NOT NULL,
  `next_step` text COLLATE utf8mb4_bin NOT NULL,
  `told` longtext COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_announced` (
  `change_id` bigint NOT NULL,
  `time_clock_id` bigint NOT NULL,
  `shift_id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  `is_announced` smallint NOT NULL,
  PRIMARY KEY (`change_id`),
  KEY `ix_connecteam_sync_announced_clock` (`time_clock_id`,`kind`),
  KEY `ix_connecteam_sync_announced_shift` (`shift_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_assignments` (
  `user_id` bigint NOT NULL,
  `asked_at` bigint NOT NULL,
  `time_clocks` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_audit` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `at` bigint NOT NULL,
  `by_whom` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `trigger_kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `action` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `subject` text COLLATE utf8mb4_bin NOT NULL,
  `detail` text COLLATE utf8mb4_bin NOT NULL,
  `run_id` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_audit_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_break_types` (
  `time_clock_id` bigint NOT NULL,
  `id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `is_paid` smallint DEFAULT NULL,
  `minutes` int DEFAULT NULL,
  `is_listed` smallint NOT NULL,
  `seen_at` bigint NOT NULL,
  PRIMARY KEY (`time_clock_id`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_breaks` (
  `id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `user_id` bigint NOT NULL,
  `time_clock_id` bigint NOT NULL,
  `break_type_id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `start_at` bigint NOT NULL,
  `start_timezone` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `end_at` bigint DEFAULT NULL,
  `end_timezone` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `is_auto_clock_out` smallint NOT NULL,
  `upstream_created_at` bigint DEFAULT NULL,
  `upstream_modified_at` bigint DEFAULT NULL,
  `is_gone` smallint NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_breaks_person` (`user_id`,`time_clock_id`,`start_at`),
  KEY `ix_connecteam_sync_breaks_start` (`start_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_certificates` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `payload` longtext COLLATE utf8mb4_bin NOT NULL,
  `payload_hash` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `signature` text COLLATE utf8mb4_bin NOT NULL,
  `public_key` text COLLATE utf8mb4_bin NOT NULL,
  `previous_hash` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  `mismatch` text COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_certificates_period` (`first_day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_changes` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `run_id` bigint NOT NULL,
  `at` bigint NOT NULL,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `clock_time_id` bigint NOT NULL,
  `shift_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `employee_id` bigint NOT NULL,
  `previous_employee_id` bigint DEFAULT NULL,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `why` text COLLATE utf8mb4_bin NOT NULL,
  `change_json` longtext COLLATE utf8mb4_bin NOT NULL,
  `row_before` longtext COLLATE utf8mb4_bin,
  `row_after` longtext COLLATE utf8mb4_bin,
  `memory_before` longtext COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_changes_day` (`first_day`,`employee_id`),
  KEY `ix_connecteam_sync_changes_employee` (`employee_id`),
  KEY `ix_connecteam_sync_changes_row` (`clock_time_id`),
  KEY `ix_connecteam_sync_changes_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_clocks` (
  `time_clock_id` bigint NOT NULL,
  `name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `cadence` int NOT NULL,
  `next_due` bigint NOT NULL,
  `days_wanted` longtext COLLATE utf8mb4_bin NOT NULL,
  `lease_token` varchar(36) COLLATE utf8mb4_bin DEFAULT NULL,
  `lease_until` bigint NOT NULL,
  `last_look` bigint DEFAULT NULL,
  `last_good` bigint DEFAULT NULL,
  `last_change` bigint DEFAULT NULL,
  `failures` int NOT NULL,
  `successes` int NOT NULL,
  `last_error` longtext COLLATE utf8mb4_bin,
  `paused_at` bigint DEFAULT NULL,
  `paused_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `paused_reason` text COLLATE utf8mb4_bin,
  `cadence_why` varchar(16) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`time_clock_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_console_users` (
  `name_key` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `role` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `secret_hash` text COLLATE utf8mb4_bin NOT NULL,
  `made_at` bigint NOT NULL,
  `changed_at` bigint NOT NULL,
  `generation` bigint NOT NULL,
  PRIMARY KEY (`name_key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_corrections` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `employee_id` bigint NOT NULL,
  `user_id` bigint DEFAULT NULL,
  `time_clock_id` bigint NOT NULL,
  `subject` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `shift_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `clock_time_id` bigint DEFAULT NULL,
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `minutes_before` bigint NOT NULL,
  `minutes_after` bigint NOT NULL,
  `delta_minutes` bigint NOT NULL,
  `content` longtext COLLATE utf8mb4_bin NOT NULL,
  `edited_at` bigint DEFAULT NULL,
  `seen_at` bigint NOT NULL,
  `run_id` bigint NOT NULL,
  `cause` text COLLATE utf8mb4_bin NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `effective_first_day` varchar(10) COLLATE utf8mb4_bin DEFAULT NULL,
  `effective_last_day` varchar(10) COLLATE utf8mb4_bin DEFAULT NULL,
  `export_id` bigint DEFAULT NULL,
  `counter_of` bigint DEFAULT NULL,
  `decided_at` bigint DEFAULT NULL,
  `decided_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `reason` text COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_corrections_day` (`day`),
  KEY `ix_connecteam_sync_corrections_period` (`effective_first_day`),
  KEY `ix_connecteam_sync_corrections_state` (`state`),
  KEY `ix_connecteam_sync_corrections_subject` (`subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_days` (
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `first_instant` bigint NOT NULL,
  `last_instant` bigint NOT NULL,
  PRIMARY KEY (`day`,`timezone`),
  KEY `ix_connecteam_sync_days_instants` (`first_instant`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_doorbells` (
  `bell_key` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `number` bigint NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `kind` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  `event_type` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  `time_clock_id` bigint DEFAULT NULL,
  `activity_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `user_id` bigint DEFAULT NULL,
  `event_at` bigint DEFAULT NULL,
  `starts_at` bigint DEFAULT NULL,
  `ends_at` bigint DEFAULT NULL,
  `received_at` bigint NOT NULL,
  `deliveries` int NOT NULL,
  `fitted` varchar(32) COLLATE utf8mb4_bin NOT NULL,
  `look_at` bigint DEFAULT NULL,
  `look_token` varchar(36) COLLATE utf8mb4_bin DEFAULT NULL,
  `looks` smallint NOT NULL,
  `heard_at` bigint DEFAULT NULL,
  `run_id` bigint DEFAULT NULL,
  `found` varchar(16) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`bell_key`),
  KEY `ix_connecteam_sync_doorbells_activity` (`activity_id`),
  KEY `ix_connecteam_sync_doorbells_clock` (`time_clock_id`),
  KEY `ix_connecteam_sync_doorbells_look` (`look_at`),
  KEY `ix_connecteam_sync_doorbells_number` (`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_erasures` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `employee_id` bigint NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `counts` longtext COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_exports` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `format` varchar(24) COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `file_name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `file_hash` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `file_lines` bigint NOT NULL,
  `minutes` bigint NOT NULL,
  `corrections` longtext COLLATE utf8mb4_bin NOT NULL,
  `replaces` bigint DEFAULT NULL,
  `reason` text COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_exports_period` (`first_day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_guard` (
  `id` int NOT NULL,
  `made_employees` smallint NOT NULL,
  `probed` varchar(64) COLLATE utf8mb4_bin DEFAULT NULL,
  `place` varchar(255) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_holds` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `time_clock_id` bigint NOT NULL,
  `reason` varchar(32) COLLATE utf8mb4_bin NOT NULL,
  `subject` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `detail` text COLLATE utf8mb4_bin NOT NULL,
  `shift_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `user_id` bigint DEFAULT NULL,
  `clock_time_id` bigint DEFAULT NULL,
  `employee_id` bigint DEFAULT NULL,
  `instant` bigint DEFAULT NULL,
  `minutes` bigint NOT NULL,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `first_run` bigint NOT NULL,
  `first_seen` bigint NOT NULL,
  `resolved_run` bigint DEFAULT NULL,
  `acknowledged_at` bigint DEFAULT NULL,
  `acknowledged_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `acknowledged_reason` text COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_holds_open` (`resolved_run`,`time_clock_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_inputs` (
  `time_clock_id` bigint NOT NULL,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `slice_id` bigint NOT NULL,
  `inputs` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `first_instant` bigint NOT NULL,
  `last_instant` bigint NOT NULL,
  `digest` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `first_key` bigint DEFAULT NULL,
  `last_key` bigint DEFAULT NULL,
  `people` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`time_clock_id`,`first_day`,`last_day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_jobs` (
  `id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `parent_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `code` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `is_deleted` smallint NOT NULL,
  `is_listed` smallint NOT NULL,
  `seen_at` bigint NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_kept_plans` (
  `fingerprint` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `made_at` bigint NOT NULL,
  `made_by` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `run_id` bigint DEFAULT NULL,
  `plan` longtext COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`fingerprint`),
  KEY `ix_connecteam_sync_kept_plans_made` (`made_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_legal_holds` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `employee_id` bigint NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `reason` text COLLATE utf8mb4_bin NOT NULL,
  `released_at` bigint DEFAULT NULL,
  `released_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `released_reason` text COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_lock_events` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `reason` text COLLATE utf8mb4_bin NOT NULL,
  `days` longtext COLLATE utf8mb4_bin NOT NULL,
  `anyway` smallint NOT NULL,
  `verified` longtext COLLATE utf8mb4_bin,
  `source` varchar(24) COLLATE utf8mb4_bin DEFAULT NULL,
  `people` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_locked_days` (
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `locked_at` bigint NOT NULL,
  `event_id` bigint DEFAULT NULL,
  PRIMARY KEY (`day`,`timezone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_looks` (
  `time_clock_id` bigint NOT NULL,
  `first_look` bigint NOT NULL,
  `last_look` bigint NOT NULL,
  `last_good` bigint DEFAULT NULL,
  `fresh` bigint DEFAULT NULL,
  `looks` bigint NOT NULL,
  `bad` int NOT NULL,
  `good` int NOT NULL,
  `bad_since` bigint DEFAULT NULL,
  `trouble_since` bigint DEFAULT NULL,
  `error` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`time_clock_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_period_events` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `reason` text COLLATE utf8mb4_bin NOT NULL,
  `anyway` smallint NOT NULL,
  `checked` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_period_events_period` (`first_day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_periods` (
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `changed_at` bigint NOT NULL,
  `event_id` bigint NOT NULL,
  PRIMARY KEY (`first_day`,`timezone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_person_locks` (
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `source` varchar(24) COLLATE utf8mb4_bin NOT NULL,
  `time_clock_id` bigint NOT NULL,
  `user_id` bigint NOT NULL,
  `locked_at` bigint NOT NULL,
  `event_id` bigint NOT NULL,
  PRIMARY KEY (`day`,`timezone`,`source`,`time_clock_id`,`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_proofs` (
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `proven_at` bigint NOT NULL,
  `run_id` bigint NOT NULL,
  `exit_code` smallint NOT NULL,
  `seen_change` bigint NOT NULL,
  PRIMARY KEY (`day`,`timezone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_purges` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `with_rows` smallint NOT NULL,
  `state` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `begun_at` bigint NOT NULL,
  `done_at` bigint DEFAULT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `counts` longtext COLLATE utf8mb4_bin NOT NULL,
  `first_entry` bigint DEFAULT NULL,
  `last_entry` bigint DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_quiet_looks` (
  `time_clock_id` bigint NOT NULL,
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `first_at` bigint NOT NULL,
  `last_at` bigint NOT NULL,
  `looks` int NOT NULL,
  `http_calls` int NOT NULL,
  `newest_run` bigint NOT NULL,
  `newest_receipt` longtext COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (`time_clock_id`,`day`,`timezone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_references` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `run_id` bigint NOT NULL,
  `table_name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `column_name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `row_key` text COLLATE utf8mb4_bin NOT NULL,
  `from_id` bigint NOT NULL,
  `to_id` bigint NOT NULL,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_references_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_runs` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `kind` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `version` varchar(32) COLLATE utf8mb4_bin NOT NULL,
  `host` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `started_at` bigint NOT NULL,
  `finished_at` bigint DEFAULT NULL,
  `undoes` bigint DEFAULT NULL,
  `statements` int NOT NULL,
  `http_calls` int NOT NULL,
  `asked_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `trigger_kind` varchar(16) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_service` (
  `name` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `value` longtext COLLATE utf8mb4_bin NOT NULL,
  `at` bigint NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_shifts` (
  `id` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `user_id` bigint NOT NULL,
  `time_clock_id` bigint NOT NULL,
  `start_at` bigint NOT NULL,
  `start_timezone` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `end_at` bigint DEFAULT NULL,
  `end_timezone` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `job_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `sub_job_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `scheduler_shift_id` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `is_auto_clock_out` smallint NOT NULL,
  `upstream_created_at` bigint DEFAULT NULL,
  `upstream_modified_at` bigint DEFAULT NULL,
  `clock_time_id` bigint DEFAULT NULL,
  `applied_employee_id` bigint DEFAULT NULL,
  `applied_clock_in` bigint DEFAULT NULL,
  `applied_clock_out` bigint DEFAULT NULL,
  `is_gone` smallint NOT NULL,
  `former_clock_time_id` bigint DEFAULT NULL,
  `changed_in_run` bigint NOT NULL,
  `touched_at` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `ix_connecteam_sync_shifts_row` (`clock_time_id`),
  KEY `ix_connecteam_sync_shifts_person` (`user_id`,`start_at`),
  KEY `ix_connecteam_sync_shifts_start` (`start_at`,`touched_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_slices` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `run_id` bigint NOT NULL,
  `time_clock_id` bigint DEFAULT NULL,
  `first_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `last_day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `status` varchar(16) COLLATE utf8mb4_bin NOT NULL,
  `receipt` longtext COLLATE utf8mb4_bin NOT NULL,
  `employees` longtext COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`),
  KEY `ix_connecteam_sync_slices_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_timesheets` (
  `user_id` bigint NOT NULL,
  `day` varchar(10) COLLATE utf8mb4_bin NOT NULL,
  `timezone` varchar(64) COLLATE utf8mb4_bin NOT NULL,
  `time_clock_id` bigint NOT NULL,
  `minutes` bigint NOT NULL,
  `run_id` bigint NOT NULL,
  `seen_at` bigint NOT NULL,
  PRIMARY KEY (`user_id`,`day`,`timezone`,`time_clock_id`),
  KEY `ix_connecteam_sync_timesheets_clock` (`time_clock_id`,`day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_users` (
  `user_id` bigint NOT NULL,
  `first_name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `last_name` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `email` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  `is_archived` smallint NOT NULL,
  `is_listed` smallint NOT NULL,
  `employee_id` bigint DEFAULT NULL,
  `phone` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `connecteam_sync_version` (
  `version_num` varchar(32) NOT NULL,
  PRIMARY KEY (`version_num`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `connecteam_sync_vouches` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `time_clock_id` bigint NOT NULL,
  `at` bigint NOT NULL,
  `actor` varchar(191) COLLATE utf8mb4_bin NOT NULL,
  `reason` text COLLATE utf8mb4_bin NOT NULL,
  `withdrawn_at` bigint DEFAULT NULL,
  `withdrawn_by` varchar(191) COLLATE utf8mb4_bin DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `employees` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `name` varchar(191) NOT NULL,
  `email` varchar(191) DEFAULT NULL,
  `connecteam_user_id` varchar(32) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_employee_connecteam_user` (`connecteam_user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
